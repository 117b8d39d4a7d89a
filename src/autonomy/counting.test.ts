/** Which answers a level is earned and lost by, where more goes on than one question after the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { offerWorkflow, openOffers, QUICK, REMIT } from '../apps/testing/offers.ts'
import { defineWorkflow } from '../kernel/workflow.ts'

const ALWAYS = { sampled: 1, auto: 1 }

const HELD_FOR_BIG = {
  version: 1 as const,
  segments: { big: { where: [{ field: 'id', operator: 'is' as const, value: 'big' }] } },
  flags: {
    'level.offer': {
      type: 'string' as const,
      variants: { review: 'review', auto: 'auto' },
      default: 'auto',
      rules: [{ segment: 'big', serve: 'review' }],
    },
  },
}

test('what a flag holds down for some does not make the errors of the others forgotten', async (t) => {
  const offers = await openOffers(t, { autonomy: { audits: ALWAYS }, flags: HELD_FOR_BIG })
  await offers.give('auto')
  for (let i = 0; i < 12 && offers.standing.level === 'auto'; i += 1) {
    await offers.answered(1, { verdict: 'rejected' })
    const { review } = await offers.start({}, 1, 'big')
    assert.equal(review?.autonomy?.rule, 'review')
    await offers.answer(review)
  }
  assert.deepEqual([offers.standing.level, offers.standing.by], ['review', 'demotion'])
})

test('an answer to a review that came back with its run counts', async (t) => {
  let isBroken = true
  const workflow = defineWorkflow({
    name: 'offer',
    version: 1,
    input: z.object({}),
    output: z.string(),
    async run(ctx) {
      const asked = ctx.review('ok?', {
        action: 'send-offer',
        summary: 'An offer',
        reason: 'asked for',
        confidence: 0.8,
        proposal: { to: 'ada@harbourlane.example' },
        operation: 'post.send',
      })
      await ctx.step('look', () => {
        if (isBroken) throw new Error('broken')
      })
      return (await asked).verdict
    },
  })
  const offers = await openOffers(t, { workflows: [workflow], autonomy: { audits: ALWAYS } })
  const { place } = offers
  await offers.give('auto')
  await place.hf.start(workflow, {}, { id: 'r' })
  await place.pass(() => place.hf.run('r').status() === 'failed')
  isBroken = false
  await place.hf.deadLetters.retry('r')
  await place.hf.idle()
  const [review] = place.hf.reviews()
  assert.equal(review?.autonomy?.rule, 'audit')
  await offers.answer(review, { verdict: 'rejected' })
  const { reviews, errors, answers } = offers.autonomy.standing(REMIT)
  assert.deepEqual([reviews, errors, answers.rejected], [1, 1, 1])
})

test('answers about one version of a workflow are none about the next', async (t) => {
  const offers = await openOffers(t)
  await offers.answered(2)
  await offers.place.reopen({ workflows: [offerWorkflow(1), offerWorkflow(2)] })
  const { review } = await offers.start({}, 2)
  assert.equal(offers.standing.reviews, 0)
  const earlier = await offers.start({}, 1)
  await offers.answer(earlier.review, { verdict: 'rejected' })
  assert.equal(offers.standing.reviews, 0, 'neither those of an earlier one that come later')
  await offers.answer(review)
  assert.deepEqual([offers.standing.reviews, offers.standing.errors], [1, 0])
})

for (const [how, audits] of [
  ['by itself', { sampled: 1e-9, auto: 1e-9 }],
  ['with audits', ALWAYS],
] as const) {
  test(`what was earned by something harmless is not earned for what is worse, where it goes ${how}`, async (t) => {
    const workflows = [offerWorkflow(1, 'post.note')]
    const offers = await openOffers(t, { workflows, autonomy: { ...QUICK, audits } })
    const { place } = offers
    await offers.answered(offers.standing.next.missing ?? 0)
    await offers.autonomy.accept(REMIT)
    const { review: audit } = await offers.start()
    assert.equal(audit === undefined, audits !== ALWAYS, 'what it was earned by goes by itself')
    if (audit !== undefined) await offers.answer(audit)
    await place.reopen({ workflows: [offerWorkflow(1, 'post.send')] })
    const { review } = await offers.start()
    assert.deepEqual([review?.autonomy?.rule, review?.autonomy?.effect], ['review', 'external'])
    await place.hf.idle()
    const demoted = place.hf.log.readStream('autonomy/offer/send-offer/all').at(-1)?.body
    assert.deepEqual([demoted?.cause, offers.standing.level], ['effect', 'review'])
    assert.match(String(demoted?.reason), /does is external.* earned by what is reversible/)
  })
}

test('one harmless answer among others does not make the rest count as harmless', async (t) => {
  const offers = await openOffers(t, { workflows: [offerWorkflow(1, 'post.send')] })
  await offers.answered(45)
  const before = offers.standing
  assert.deepEqual([before.tier, before.next.offered], ['medium', false])
  await offers.place.reopen({ workflows: [offerWorkflow(1, 'post.note')] })
  await offers.answered(1)
  const { tier, next } = offers.standing
  assert.deepEqual([tier, next.offered], ['medium', false], 'its 46 answers would do for what is harmless')
})

test('one answer about what is worse counts for all that were before it', async (t) => {
  const offers = await openOffers(t, { workflows: [offerWorkflow(1, 'post.note')] })
  await offers.answered(2)
  assert.equal(offers.standing.tier, 'low')
  await offers.place.reopen({ workflows: [offerWorkflow(1, 'post.send')] })
  await offers.answered(1)
  assert.deepEqual([offers.standing.tier, offers.standing.reviews], ['medium', 3])
})

test('what it did before its count began anew makes it no worse', async (t) => {
  const offers = await openOffers(t, { workflows: [offerWorkflow(1, 'post.send')] })
  await offers.answered(1)
  assert.equal(offers.standing.tier, 'medium')
  await offers.autonomy.set(REMIT, { level: 'review' })
  await offers.place.reopen({ workflows: [offerWorkflow(1, 'post.note')] })
  await offers.answered(1)
  assert.equal(offers.standing.tier, 'low')
})

test('answers whose words are erased count as before', async (t) => {
  const offers = await openOffers(t)
  await offers.answered(2)
  await offers.answered(1, { verdict: 'edited', changes: { to: 'eve@evil.example' } })
  const before = offers.standing
  assert.deepEqual([before.reviews, before.errors], [3, 1])
  const { log } = offers.place.hf
  const positions = [...log.read()]
    .filter(({ stream }) => stream.startsWith('run/'))
    .map((one) => one.position)
  await log.erase({ positions }, { actor: 'operator', reason: 'too old' })
  assert.deepEqual(offers.standing, before)
  assert.deepEqual(log.rebuild({ replace: true }).differing, [])
  assert.deepEqual(offers.standing, before)
})

test('what the ceiling keeps down is no evidence, and the level that is shown is that of the rest', async (t) => {
  const workflows = [offerWorkflow(1, 'post.note')]
  const offers = await openOffers(t, { workflows, autonomy: { audits: ALWAYS } })
  await offers.start()
  await offers.autonomy.set(REMIT, { level: 'sampled' })
  await offers.answered(2)
  await offers.place.reopen({ workflows: [offerWorkflow(1, null)] })
  const { review } = await offers.start()
  assert.deepEqual([review?.autonomy?.effect, review?.autonomy?.rule], ['irreversible', 'review'])
  await offers.answer(review, { verdict: 'rejected' })
  const { level, effect, reviews, errors } = offers.standing
  assert.deepEqual([level, effect, reviews, errors], ['sampled', 'reversible', 2, 0])
})

test('an anomaly takes back what the ceiling keeps down for now', async (t) => {
  const offers = await openOffers(t, { autonomy: { audits: ALWAYS } })
  await offers.give('auto')
  await offers.autonomy.set(REMIT, { ceiling: 'review' })
  await offers.autonomy.demoteAgent('offer', { cause: 'anomaly', reason: 'ten times as many mails' })
  await offers.autonomy.set(REMIT, { ceiling: 'auto' })
  assert.deepEqual([offers.standing.level, offers.standing.by], ['review', 'demotion'])
})
