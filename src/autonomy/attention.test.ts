import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type Offers, offerWorkflow, openOffers, REMIT } from '../apps/testing/offers.ts'
import { defineWorkflow } from '../kernel/workflow.ts'
import { eraseSubject } from '../runtime/erasure/erase-subject.ts'
import { misspelt, spoil } from './attention.ts'

const ASKED = {
  action: 'pay',
  summary: 'A sum',
  reason: 'it is due',
  confidence: 0.5,
  operation: 'post.send',
}
const WATCHFUL = { autonomy: { vigilance: { rate: 1 } } }

/** The item that is known to be bad, and the real review that it was put beside. */
async function withItem(offers: Offers) {
  await offers.answered(1)
  const { review: real } = await offers.start()
  const item = offers.place.hf.reviews().find(({ run }) => run.startsWith('item-'))
  assert.ok(item && real)
  return { item, real }
}

describe('known-bad items', () => {
  test('look like the proposal that they are made of, but for the recipient', async (t) => {
    const offers = await openOffers(t, WATCHFUL)
    const { item, real } = await withItem(offers)
    assert.deepEqual(item.proposal, { ...real.proposal, to: 'ada@harbuorlane.example' })
    const shown = ({ action, summary, reason, confidence, risk, segment, fields }: typeof item) =>
      [action, summary, reason, confidence, risk, segment, fields] as const
    assert.deepEqual(shown(item), shown(real))
    assert.equal(item.risk?.operation, 'post.send')
  })

  for (const [how, answer, caught] of [
    ['approved', { verdict: 'approved' }, 0],
    ['edited elsewhere', { verdict: 'edited', changes: { text: 'shorter' } }, 0],
    ['put right', { verdict: 'edited', changes: { to: 'ada@harbourlane.example' } }, 1],
    ['rejected', { verdict: 'rejected' }, 1],
    ['sent back', { verdict: 'responded', instruction: 'to whom?' }, 1],
  ] as const) {
    test(`one that is ${how} counts as ${caught ? 'caught' : 'missed'}, and does nothing`, async (t) => {
      const offers = await openOffers(t, WATCHFUL)
      const { item } = await withItem(offers)
      const before = { posted: offers.posted.length, standing: offers.standing }
      await offers.answer(item, answer)
      assert.deepEqual(await offers.place.outcome(item.run), { caught: caught === 1 })
      assert.equal(offers.posted.length, before.posted)
      assert.deepEqual(offers.standing, before.standing, 'it is no evidence for or against the agent')
      const { checks, missed, ...rest } = offers.autonomy.vigilance()
      assert.deepEqual([checks, rest.caught, missed.length], [1, caught, 1 - caught])
      const kinds = offers.place.kinds(item.run)
      assert.ok(!kinds.some((kind) => kind.startsWith('effect.')), kinds.join())
    })
  }

  test('are made at the rate that is set, one at a time, and not at all by default', async (t) => {
    const offers = await openOffers(t)
    await offers.answered(4)
    assert.ok(!offers.place.hf.reviews().some(({ run }) => run.startsWith('item-')))
    await offers.place.reopen(WATCHFUL)
    await offers.start()
    await offers.start()
    const waiting = () => offers.place.hf.reviews().filter(({ run }) => run.startsWith('item-'))
    assert.equal(waiting().length, 1)
    await offers.answer(waiting()[0], { verdict: 'rejected' })
    await offers.start()
    assert.equal(waiting().length, 1)
  })

  test('wait one at a time, though several reviews are asked at once', async (t) => {
    const offers = await openOffers(t, WATCHFUL)
    await offers.answered(1)
    const { hf } = offers.place
    for (const id of ['a', 'b', 'c']) await hf.start(offerWorkflow(), {} as never, { id })
    await hf.idle()
    assert.equal(hf.reviews().filter(({ run }) => run.startsWith('item-')).length, 1)
  })

  test('go on being made after one that was cancelled', async (t) => {
    const offers = await openOffers(t, WATCHFUL)
    const { item } = await withItem(offers)
    await offers.place.hf.cancel(item.run)
    await offers.place.hf.idle()
    await offers.start()
    const [next] = offers.place.hf.reviews().filter(({ run }) => run.startsWith('item-'))
    assert.ok(next !== undefined && next.run !== item.run)
  })

  test('are seen by the operator, though one before was left to a rule', async (t) => {
    const offers = await openOffers(t, WATCHFUL)
    const { item } = await withItem(offers)
    await offers.place.hf.desk.delegate(item.id, {})
    await offers.place.hf.idle()
    assert.deepEqual(await offers.place.outcome(item.run), { caught: false })
    await offers.start()
    const [next] = offers.place.hf.reviews().filter(({ run }) => run.startsWith('item-'))
    assert.equal(next?.status, 'waiting')
  })

  test('go with whom the proposal that they are made of was about', async (t) => {
    const ADA = 'ada@hall.example'
    const ask = defineWorkflow({
      name: 'ask',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: (ctx) => ctx.review('sum', { ...ASKED, proposal: { to: 'Harbour', sum: 5 } }) as Promise<never>,
    })
    const offers = await openOffers(t, { ...WATCHFUL, workflows: [ask] })
    const { hf } = offers.place
    for (const id of ['one', 'two']) {
      await hf.start(ask, { from: ADA }, { id })
      await hf.idle()
      for (const { id: review } of hf.reviews()) await hf.answer(review, { verdict: 'approved' })
      await hf.idle()
    }
    const item = hf.log.tables.get<{ run: string }>('SELECT run FROM autonomy_checks')?.run ?? ''
    const subject = { customer: null, names: [ADA], ids: [], streams: [], pieces: [], token: 'x' }
    await eraseSubject(hf.log, { subject, actor: 'operator', reason: '', mentions: false })
    const left = hf.log.readStream(`run/${item}`)
    assert.ok(left.length > 0 && left.every(({ body }) => body === null))
    assert.equal(offers.autonomy.vigilance().checks, 1, 'that it was missed is known')
  })

  test('are never answered by autonomy, nor made where nobody reviews', async (t) => {
    const offers = await openOffers(t, {
      autonomy: { ...WATCHFUL.autonomy, level: 'auto', audits: { sampled: 1e-9, auto: 1e-9 } },
    })
    await offers.autonomy.set(REMIT, { level: 'review' })
    const { item } = await withItem(offers)
    assert.equal(item.status, 'waiting')
    await offers.answer(item, { verdict: 'rejected' })
    for (const level of ['auto', 'shadow'] as const) {
      await offers.give(level)
      await offers.start()
      assert.ok(!offers.place.hf.reviews().some(({ run }) => run.startsWith('item-')), level)
    }
  })

  test('are made of what was approved, and of nothing else', async (t) => {
    const offers = await openOffers(t, WATCHFUL)
    await offers.answered(1, { verdict: 'rejected' })
    await offers.start()
    assert.ok(!offers.place.hf.reviews().some(({ run }) => run.startsWith('item-')))
  })

  test('wait for an answer, however long the real one would', async (t) => {
    const hasty = defineWorkflow({
      name: 'offer',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: (ctx) =>
        ctx.review('ok?', {
          action: 'send-offer',
          summary: 'An offer',
          reason: 'asked for',
          confidence: 0.8,
          proposal: { to: 'ada@harbourlane.example' },
          operation: 'post.send',
          deadline: '1h',
          onExpiry: 'reject',
        }),
    })
    const offers = await openOffers(t, { workflows: [hasty], ...WATCHFUL })
    const { item, real } = await withItem(offers)
    assert.deepEqual([real.deadline === null, item.deadline], [false, null])
  })
})

test('an argument is made wrong where it decides whom or what it touches', () => {
  assert.equal(misspelt('ada@harbourlane.example'), 'ada@harbuorlane.example')
  assert.equal(misspelt('Ek Studio'), 'Ek Stduio')
  assert.equal(misspelt('benedikta@mill.example'), 'benedikta@mill.exmaple')
  assert.equal(misspelt('aaaa'), null)
  assert.equal(misspelt('a@b.c'), null)
  assert.deepEqual(spoil({ to: ['x'], amount: 12, text: 'long enough' }, ['to', 'amount', 'text']), {
    proposal: { to: ['x'], amount: 120, text: 'long enough' },
    wrong: 'amount',
  })
  assert.equal(spoil({ amount: 0, text: 'x' }, ['amount']), null)
  assert.equal(spoil({ text: 'long enough' }, []), null)
})

test('where every argument decides, the first that can be is made wrong', () => {
  assert.deepEqual(spoil({ count: 0, to: 'ada@harbourlane.example', text: 'long enough' }, ['*']), {
    proposal: { count: 0, to: 'ada@harbuorlane.example', text: 'long enough' },
    wrong: 'to',
  })
})
