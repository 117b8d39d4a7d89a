/** An audit is answered by the operator, or it shows nothing: no rule answers one, and one that ran out is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { offerWorkflow, openOffers, REMIT } from '../apps/testing/offers.ts'
import { defineWorkflow } from '../kernel/workflow.ts'
import type { OnExpiry } from '../sdk.ts'

const ALWAYS = { sampled: 1, auto: 1 }
const HOUR = 3_600_000

/** As the offers, with a deadline; what it leads to can be taken back. */
const dated = (onExpiry: OnExpiry) =>
  defineWorkflow({
    name: 'offer',
    version: 1,
    input: z.any(),
    output: z.string(),
    run: async (ctx) => {
      const { verdict } = await ctx.review('review', {
        action: 'send-offer',
        summary: 'An offer',
        reason: 'asked for',
        confidence: 0.8,
        proposal: { to: 'ada@harbourlane.example' },
        operation: 'post.note',
        deadline: '1h',
        onExpiry,
      })
      return verdict
    },
  })

test('a delegation answers what is asked at level review, and no audit', async (t) => {
  const offers = await openOffers(t, {
    workflows: [offerWorkflow(1, 'post.note')],
    autonomy: { audits: ALWAYS },
  })
  const { desk } = offers.place.hf
  const first = await offers.start()
  await desk.delegate(first.review?.id ?? '', {})
  await offers.place.hf.idle()
  assert.equal((await offers.start()).review, undefined, 'the delegation speaks for it')
  await offers.give('auto')
  const { review } = await offers.start()
  assert.equal(review?.autonomy?.rule, 'audit')
  await offers.place.reopen()
  assert.equal(
    offers.place.hf.review(review?.id ?? '').status,
    'waiting',
    'also when what waits is looked through',
  )
  await offers.answer(review, { verdict: 'rejected' })
  const { reviews, errors, missed } = offers.standing
  assert.deepEqual([reviews, errors, missed], [1, 1, 0])
})

test('an audit can be answered with a delegation for what is asked at level review', async (t) => {
  const workflows = [offerWorkflow(1, 'post.note')]
  const offers = await openOffers(t, { workflows, autonomy: { audits: ALWAYS } })
  await offers.give('auto')
  const { review } = await offers.start()
  await offers.place.hf.desk.delegate(review?.id ?? '', {})
  await offers.place.hf.idle()
  assert.equal(offers.standing.reviews, 1)
  assert.equal((await offers.start()).review?.autonomy?.rule, 'audit')
})

for (const [onExpiry, verdict] of [
  ['approve', 'approved'],
  ['reject', 'rejected'],
] as const) {
  test(`an audit that its deadline has ${verdict} is told, until another is answered`, async (t) => {
    const offers = await openOffers(t, { workflows: [dated(onExpiry)], autonomy: { audits: ALWAYS } })
    const { place } = offers
    const told = () => place.hf.alerts().filter(({ alert }) => alert === 'audit-missed')
    const expire = async () => {
      const { run } = await offers.start()
      place.clock.set(place.clock.now() + 2 * HOUR)
      await place.hf.idle()
      assert.equal(await place.outcome(run), verdict)
    }
    await expire()
    assert.deepEqual([offers.standing.missed, told()], [0, []], 'at level review it was none')
    await offers.give('auto')
    await expire()
    assert.match(
      told()[0]?.message ?? '',
      /^offer send-offer: 1 audit was answered by a deadline and not by you/,
    )
    await expire()
    assert.match(told()[0]?.message ?? '', /: 2 audits were answered by a deadline/)
    await place.reopen()
    assert.deepEqual([offers.standing.missed, offers.standing.reviews, told().length], [2, 0, 1])
    await offers.answered(1)
    assert.deepEqual([offers.standing.missed, offers.standing.reviews, told()], [2, 1, []])
    await expire()
    assert.equal(told().length, 1)
    await offers.autonomy.set(REMIT, { level: 'sampled' })
    await place.hf.idle()
    assert.deepEqual([offers.standing.missed, told()], [0, []], 'the count begins anew')
  })
}
