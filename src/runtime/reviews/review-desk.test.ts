/** Reviews beyond one answer: fields, deadlines, putting off, many at once, word given ahead, and what is on record of it. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { externalFrom, OWNER } from '../../kernel/label.ts'
import { type Context, defineWorkflow, type Proposal, type Workflow } from '../../kernel/workflow.ts'
import { defineConnector } from '../../ports/connector.ts'
import { verifyRun } from '../replay/replay.ts'
import { answerOf, listAnswers } from './answer-records.ts'
import { answerTogether } from './batch.ts'
import { listDelegations } from './delegation-index.ts'

const HOUR = 3_600_000
const MINUTE = 60_000

const shop = defineConnector({
  name: 'shop',
  operations: {
    hold: {
      manifest: { effect: 'reversible', criticalArguments: ['item'], dataClass: 'public' },
      input: z.any(),
      output: z.any(),
      perform: async () => null,
      undo: async () => {},
    },
    mail: { manifest: { effect: 'external' }, input: z.any(), output: z.any(), perform: async () => null },
    pay: { manifest: {}, input: z.any(), output: z.any(), perform: async () => null },
  },
})

const BASE: Proposal = {
  action: 'send-offer',
  summary: 'Offer for Ada',
  reason: 'asked for a price',
  confidence: 0.7,
  proposal: { to: 'ada@ek.example', amount: 100, text: 'We would do it\nfor 100.' },
}

type Asking = Partial<Proposal>

/** Asks what its input says, and gives the answer. */
const offer: Workflow<Asking, unknown> = defineWorkflow({
  name: 'offer',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: async (ctx, input) => await ctx.review('offer', { ...BASE, ...input }),
})

async function open(t: TestContext, options: PlaceOptions = {}): Promise<Place> {
  return await openPlace(t, { workflows: [offer], connectors: [shop], residentRuns: 0, ...options })
}

async function ask(
  place: Place,
  input: Asking = {},
  run = 'r',
  customer: string | null = 'c-1',
): Promise<string> {
  await place.hf.start(offer, input, { id: run, ...(customer === null ? {} : { customer }) })
  await place.hf.idle()
  const [row] = place.bodies(run, 'review.requested')
  return String(row?.review)
}

/** What is appended from now on stays on its way to the disk until it may go on. */
function holdAppends(place: Place): { readonly isHeld: () => boolean; readonly goOn: () => void } {
  const { log } = place.hf
  const append = log.append.bind(log)
  const { promise: gate, resolve: goOn } = Promise.withResolvers<void>()
  let isHeld = false
  Object.assign(log, {
    async append(...given: Parameters<typeof append>) {
      isHeld = true
      await gate
      return await append(...given)
    },
  })
  return { isHeld: () => isHeld, goOn }
}

function kindsOf(place: Place, review: string): string[] {
  return place.hf.log.readStream(`review/${review}`).map(({ kind }) => kind)
}

/** Lets time pass up to a moment. */
async function until(place: Place, at: number): Promise<void> {
  place.clock.set(at)
  await new Promise((resolve) => setImmediate(resolve))
  await place.hf.idle()
}

async function verifiesSame(place: Place, run = 'r'): Promise<void> {
  assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, run)).verdict, 'same')
}

describe('what a review carries', () => {
  test('fields with kind, editability and label, risk of what it leads to, alternatives, segment', async (t) => {
    const asks = defineWorkflow({
      name: 'asks',
      version: 1,
      input: z.any(),
      output: z.any(),
      async run(ctx: Context) {
        await ctx.waitFor('mail', { name: 'mail' })
        const total = await ctx.step('price', () => 100)
        return await ctx.review('offer', {
          ...BASE,
          proposal: { to: 'ada@ek.example', amount: total, text: 'a\nb', plan: 'basic', on: true },
          fields: {
            to: { kind: 'address', editable: false, title: 'recipient', from: 'mail' },
            plan: { options: ['basic', 'plus'] },
            gone: { kind: 'date' },
          },
          operation: 'shop.hold',
          segment: 'schools',
          alternatives: [{ title: 'cheaper', proposal: { amount: 80 } }],
        })
      },
    })
    const place = await open(t, { workflows: [asks] })
    await place.hf.start(asks, null, { id: 'r' })
    await place.hf.emit({ kind: 'mail', label: externalFrom('mail:1') })
    await place.hf.idle()
    const [review] = place.hf.reviews()
    assert.ok(review)
    assert.deepEqual(
      review.fields.map(({ name, kind, editable, title, from }) => [name, kind, editable, title, from]),
      [
        ['to', 'address', false, 'recipient', 'mail'],
        ['amount', 'number', true, 'amount', null],
        ['text', 'long-text', true, 'text', null],
        ['plan', 'choice', true, 'plan', null],
        ['on', 'boolean', true, 'on', null],
      ],
    )
    assert.deepEqual(review.fields[0]?.label, externalFrom('mail:1'))
    assert.deepEqual(review.risk, {
      operation: 'shop.hold',
      effect: 'reversible',
      hasUndo: true,
      criticalArguments: ['item'],
      dataClass: 'public',
    })
    assert.deepEqual([review.segment, review.alternatives.length], ['schools', 1])
    await place.hf.answer(review.id, { verdict: 'approved' })
    await place.outcome('r')
    await verifiesSame(place)
  })

  test('what leads to an operation that nobody offers counts as irreversible', async (t) => {
    const place = await open(t)
    const id = await ask(place, { operation: 'shop.burn' })
    assert.equal(place.hf.review(id).risk?.effect, 'irreversible')
  })

  test('options that make no sense are an error of the code', async (t) => {
    for (const odd of [
      { onExpiry: 'reject' },
      { onExpiry: 'maybe', deadline: '1h' },
      { fields: { to: { kind: 'odd' } } },
      { fields: { to: { kind: 'choice' } } },
      { alternatives: [{ title: 'none' }] },
      { deadline: 'soon' },
    ]) {
      const place = await open(t)
      const run = await place.hf.start(offer, odd as never)
      await assert.rejects(run.result(), { code: 'INPUT_INVALID' }, JSON.stringify(odd))
    }
  })
})

describe('an edit', () => {
  test('fits the fields, or is refused and nothing is answered', async (t) => {
    const place = await open(t)
    const fields = { to: { kind: 'address' as const }, text: { editable: false } }
    const id = await ask(place, { fields })
    const edit = async (changes: object): Promise<unknown> =>
      await place.hf.answer(id, { verdict: 'edited', changes: changes as never })
    await assert.rejects(edit({ amount: '80' }), { code: 'INPUT_INVALID', message: /"80" is no number/ })
    await assert.rejects(edit({ to: 'ada' }), { code: 'INPUT_INVALID', message: /is no address/ })
    await assert.rejects(edit({ text: 'x' }), { code: 'REVIEW_FIELD_FIXED' })
    assert.equal(place.hf.review(id).status, 'waiting')
    await edit({ amount: 80 })
    assert.equal((await place.outcome<{ value: { amount: number } }>('r')).value.amount, 80)
  })

  test('takes an alternative, whole or with changes of its own', async (t) => {
    const place = await open(t)
    const alternatives = [{ title: 'cheaper', proposal: { ...BASE.proposal, amount: 80 } }]
    const id = await ask(place, { alternatives })
    const take = { verdict: 'edited', alternative: 1 } as const
    await assert.rejects(place.hf.answer(id, { ...take, alternative: 2 }), { code: 'INPUT_INVALID' })
    await assert.rejects(place.hf.answer(id, { verdict: 'approved', alternative: 1 }), {
      code: 'INPUT_INVALID',
    })
    await place.hf.answer(id, { ...take, changes: { text: 'For you: 80.' } })
    const { value } = await place.outcome<{ value: object }>('r')
    assert.deepEqual(value, { to: 'ada@ek.example', amount: 80, text: 'For you: 80.' })
    assert.equal(answerOf(place.hf.log.tables, id)?.alternative, 1)
  })

  test('is measured field by field, and the bytes that it ends with are what was approved', async (t) => {
    const place = await open(t)
    const id = await ask(place, { proposal: { to: 'a@b.example', text: 'one two three four', n: 1 } })
    await place.hf.answer(id, { verdict: 'edited', changes: { text: 'one two three five' } })
    const answer = answerOf(place.hf.log.tables, id)
    assert.deepEqual([answer?.edits, answer?.distance], [{ text: 0.25 }, 0.25 / 3])
    const [event] = place.events('r').filter(({ kind }) => kind === 'review.answered')
    assert.deepEqual(event?.label, OWNER)
    assert.notEqual(event?.body?.approved, event?.body?.shown)
  })
})

describe('the hash', () => {
  test('covers what it leads to and what may be chosen instead', async (t) => {
    const place = await open(t)
    const hashes = new Set<string>()
    for (const [i, more] of [
      {},
      { operation: 'shop.hold' },
      { alternatives: [{ title: 'x', proposal: {} }] },
      { action: 'other' },
      { proposal: {} },
      // What is not done is not in it.
      { summary: 'another', segment: 's' },
    ].entries())
      hashes.add(place.hf.review(await ask(place, more, `r-${i}`)).hash)
    assert.equal(hashes.size, 5)
  })
})

describe('a deadline', () => {
  test('rejects where that was asked for, as the deadline’s word and not the operator’s', async (t) => {
    const place = await open(t)
    const id = await ask(place, { deadline: '1h', onExpiry: 'reject' })
    await until(place, place.clock.now() + HOUR - 1)
    assert.equal(place.hf.review(id).status, 'waiting')
    await place.pass()
    const outcome = await place.outcome<{ verdict: string; way: string }>('r')
    assert.deepEqual([outcome.verdict, outcome.way], ['rejected', 'expiry'])
    const [event] = place.events('r').filter(({ kind }) => kind === 'review.answered')
    assert.deepEqual([event?.actor, event?.label.trust], ['runtime', 'system'])
    await verifiesSame(place)
  })

  test('waits for an answer that is on its way to the disk, and does not look for it all the while', async (t) => {
    const place = await open(t)
    const id = await ask(place, { deadline: '1h', onExpiry: 'reject' })
    const { log } = place.hf
    const append = log.append.bind(log)
    const held: (() => void)[] = []
    Object.assign(log, {
      append: (...given: Parameters<typeof append>) =>
        new Promise((resolve, reject) => held.push(() => void append(...given).then(resolve, reject))),
    })
    const answered = place.hf.answer(id, { verdict: 'approved' })
    await turns(5)
    let alarms = 0
    const { wakeAt } = place.clock
    t.mock.method(place.clock, 'wakeAt', (...given: Parameters<typeof wakeAt>) => {
      alarms += 1
      return wakeAt.apply(place.clock, given)
    })
    place.clock.set(place.clock.now() + 2 * HOUR)
    await turns(50)
    const alarmsMeanwhile = alarms
    Object.assign(log, { append })
    for (const write of held) write()
    await answered
    assert.equal(place.hf.review(id).status, 'approved')
    assert.equal((await place.outcome<{ way: string }>('r')).way, 'program')
    assert.ok(alarmsMeanwhile < 5, `${alarmsMeanwhile} alarms`)
  })

  test('of a hundred reviews that are just being answered lets the answers come to the disk', async (t) => {
    const place = await open(t, { residentRuns: 500 })
    for (let i = 0; i < 100; i += 1)
      await place.hf.start(offer, { deadline: '1h', onExpiry: 'reject' }, { id: `r${i}` })
    await place.hf.idle()
    const answered = place.hf.desk.answerAll(place.hf.reviews(), { verdict: 'approved' })
    await turns(1)
    place.clock.set(place.clock.now() + 2 * HOUR)
    assert.equal((await answered).answered.length, 100)
  })

  test('approves only what can be undone, and where nothing looks wrong', async (t) => {
    const place = await open(t)
    const due = { deadline: '1h', onExpiry: 'approve' } as const
    const cases = {
      undo: { operation: 'shop.hold' },
      external: { operation: 'shop.mail' },
      undeclared: { operation: 'shop.pay' },
      unknown: {},
      warned: { operation: 'shop.hold', warnings: ['hidden text'] },
    }
    const ids = new Map<string, string>()
    for (const [run, more] of Object.entries(cases)) ids.set(run, await ask(place, { ...due, ...more }, run))
    await place.pass()
    const states = [...ids].map(([run, id]) => [run, place.hf.review(id).status])
    assert.deepEqual(states, [
      ['undo', 'approved'],
      ...Object.keys(cases)
        .slice(1)
        .map((run) => [run, 'waiting']),
    ])
    assert.equal(place.hf.alerts().length, 4)
    assert.match(place.hf.alerts()[0]?.message ?? '', /shop\.mail can't be undone/)
  })

  test('is judged by the manifest of the day: what has lost its undo is not approved', async (t) => {
    const place = await open(t)
    const id = await ask(place, { deadline: '1h', onExpiry: 'approve', operation: 'shop.hold' })
    await place.reopen({ connectors: [] })
    await place.pass()
    assert.equal(place.hf.review(id).status, 'waiting')
    assert.equal(place.hf.alerts().length, 1)
  })

  for (const [onExpiry, alerts] of [
    [undefined, 0],
    ['escalate', 1],
  ] as const) {
    test(`${onExpiry ?? 'without more'}: it goes on waiting, and that is told`, async (t) => {
      const place = await open(t)
      const id = await ask(place, { deadline: '1h', ...(onExpiry && { onExpiry }) })
      await place.pass()
      const review = place.hf.review(id)
      assert.deepEqual(
        [review.status, review.overdue, kindsOf(place, id)],
        ['waiting', true, ['review.expired']],
      )
      assert.equal(place.hf.alerts().length, alerts)
      await place.reopen()
      assert.deepEqual(kindsOf(place, id), ['review.expired'])
      await place.hf.answer(id, { verdict: 'approved' })
      await place.hf.idle()
      assert.deepEqual(place.hf.alerts(), [])
      await place.outcome('r')
      await verifiesSame(place)
    })
  }

  test('that passes while the process is away takes effect when it is back, once', async (t) => {
    const place = await open(t)
    const id = await ask(place, { deadline: '1h', onExpiry: 'reject' })
    const kept = await ask(place, { deadline: '2h', onExpiry: 'escalate' }, 'k')
    await place.close()
    place.clock.set(place.clock.now() + 5 * HOUR)
    await place.open()
    await place.hf.idle()
    assert.equal(place.hf.review(id).status, 'rejected')
    assert.deepEqual(kindsOf(place, kept), ['review.expired'])
    await place.reopen()
    await place.hf.idle()
    assert.equal(place.bodies('r', 'review.answered').length, 1)
    assert.deepEqual(kindsOf(place, kept), ['review.expired'])
  })

  test('and the operator’s answer at one moment: one of them counts', async (t) => {
    const place = await open(t)
    const id = await ask(place, { deadline: '1h', onExpiry: 'reject' })
    const now = place.clock.now()
    place.clock.set(now + HOUR)
    await place.hf.answer(id, { verdict: 'approved' }).catch(() => {})
    await place.hf.idle()
    assert.equal(place.bodies('r', 'review.answered').length, 1)
    await place.outcome('r')
    await verifiesSame(place)
  })

  test('of a run that is cancelled is none any more, and its alert is cleared', async (t) => {
    const place = await open(t)
    await ask(place, { deadline: '1h', onExpiry: 'escalate' })
    await ask(place, { deadline: '2h', onExpiry: 'reject' }, 's')
    await until(place, place.clock.now() + HOUR)
    assert.equal(place.hf.alerts().length, 1)
    await place.hf.cancel('r')
    await place.hf.cancel('s')
    await place.pass()
    assert.deepEqual(place.hf.alerts(), [])
    assert.deepEqual(place.bodies('s', 'review.answered'), [])
  })
})

describe('put off', () => {
  test('put off once more while it is on its way back, it comes back when that is over', async (t) => {
    const place = await open(t)
    const id = await ask(place)
    await place.hf.desk.snooze(id, place.clock.now() + MINUTE)
    const { log } = place.hf
    const append = log.append.bind(log)
    const held: (() => void)[] = []
    Object.assign(log, {
      append: (...given: Parameters<typeof append>) =>
        new Promise((resolve, reject) => held.push(() => void append(...given).then(resolve, reject))),
    })
    place.clock.set(place.clock.now() + MINUTE)
    await turns(5)
    Object.assign(log, { append })
    await place.hf.desk.snooze(id, place.clock.now() + HOUR)
    for (const write of held) write()
    await place.hf.idle()
    assert.deepEqual([place.hf.reviews(), kindsOf(place, id).at(-1)], [[], 'review.returned'])
    await until(place, place.clock.now() + HOUR)
    assert.equal(place.hf.reviews().length, 1)
  })

  test('it leaves the inbox and comes back at its time, also when the process was away', async (t) => {
    const place = await open(t)
    const id = await ask(place)
    const back = place.clock.now() + HOUR
    await place.hf.desk.snooze(id, back)
    assert.deepEqual(place.hf.reviews(), [])
    assert.equal(place.hf.review(id).snoozedUntil, back)
    await place.reopen()
    assert.deepEqual(place.hf.reviews(), [])
    await place.close()
    place.clock.set(back + HOUR)
    await place.open()
    await place.hf.idle()
    assert.deepEqual(
      place.hf.reviews().map((one) => one.id),
      [id],
    )
    assert.deepEqual(kindsOf(place, id), ['review.snoozed', 'review.returned'])
    await place.hf.answer(id, { verdict: 'approved' })
    await place.outcome('r')
    await verifiesSame(place)
    assert.equal((await place.hf.whatIf()).same, 1)
  })

  test('it can be answered all the while, and then stays answered', async (t) => {
    const place = await open(t)
    const id = await ask(place)
    await place.hf.desk.snooze(id, place.clock.now() + HOUR)
    await place.hf.answer(id, { verdict: 'approved' })
    await place.pass()
    assert.deepEqual(kindsOf(place, id), ['review.snoozed'])
    await assert.rejects(place.hf.desk.snooze(id, place.clock.now() + HOUR), { code: 'REVIEW_ENDED' })
  })

  test('it is put off again, and a deadline goes on: neither to the past nor behind it', async (t) => {
    const place = await open(t)
    const id = await ask(place, { deadline: '2h', onExpiry: 'reject' })
    const now = place.clock.now()
    for (const at of [now, now - 1, Number.NaN, now + 2 * HOUR])
      await assert.rejects(place.hf.desk.snooze(id, at), { code: 'INPUT_INVALID' })
    const free = await ask(place, {}, 'free')
    for (const at of [now + 0.5, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])
      await assert.rejects(place.hf.desk.snooze(free, at), { code: 'INPUT_INVALID' }, 'no date says it')
    await place.hf.desk.snooze(free, now + 9 * HOUR)
    await place.hf.desk.snooze(id, now + MINUTE)
    await place.hf.desk.snooze(id, now + HOUR)
    await until(place, now + MINUTE)
    assert.deepEqual(place.hf.reviews(), [])
    await until(place, now + HOUR)
    assert.equal(place.hf.reviews().length, 1)
    await place.pass()
    assert.equal(place.hf.review(id).status, 'rejected')
    const overdue = await ask(place, { deadline: '1h', onExpiry: 'keep' }, 'overdue')
    await until(place, place.clock.now() + HOUR)
    await place.hf.desk.snooze(overdue, place.clock.now() + HOUR)
    assert.ok(!place.hf.reviews().some((one) => one.id === overdue), 'what is overdue can be put off')
    await until(place, place.clock.now() + HOUR)
    assert.ok(place.hf.reviews().some((one) => one.id === overdue))
    const expired = kindsOf(place, overdue).filter((kind) => kind === 'review.expired')
    assert.equal(expired.length, 1, 'its deadline passes once')
  })
})

describe('how long it took', () => {
  test('is measured from showing to answer, without the night in between', async (t) => {
    const place = await open(t)
    const id = await ask(place)
    const { hash } = place.hf.review(id)
    const start = place.clock.now()
    await place.hf.desk.shown([{ id, hash }], 'cli')
    place.clock.set(start + 2 * MINUTE)
    await place.hf.desk.snooze(id, start + 10 * HOUR)
    await until(place, start + 10 * HOUR)
    await place.hf.desk.shown([{ id, hash }], 'cli')
    place.clock.set(start + 12 * HOUR)
    await place.hf.answer(id, { verdict: 'approved', way: 'cli' })
    const { operatorMs, waitedMs, seen, way } = answerOf(place.hf.log.tables, id) ?? assert.fail()
    assert.deepEqual([operatorMs, waitedMs, seen, way], [12 * MINUTE, 12 * HOUR, true, 'cli'])
  })

  test('is not known of what was never shown, and is told so', async (t) => {
    const place = await open(t)
    const id = await ask(place)
    await place.hf.answer(id, { verdict: 'approved' })
    const { operatorMs, seen } = answerOf(place.hf.log.tables, id) ?? assert.fail()
    assert.deepEqual([operatorMs, seen], [null, false])
  })
})

describe('several at once', () => {
  test('each is bound to what was shown of it, and answered in its own run', async (t) => {
    const place = await open(t)
    const ids = [await ask(place, {}, 'a'), await ask(place, {}, 'b'), await ask(place, {}, 'c')]
    const shown = ids.map((id) => ({ id, hash: place.hf.review(id).hash }))
    await place.hf.desk.shown(shown, 'cli')
    place.clock.set(place.clock.now() + 3 * MINUTE)
    const { answered, batch } = await place.hf.desk.answerAll(shown, { verdict: 'approved', way: 'cli' })
    assert.deepEqual(
      answered.map(({ status }) => status),
      ['approved', 'approved', 'approved'],
    )
    for (const run of ['a', 'b', 'c']) {
      assert.equal((await place.outcome<{ verdict: string }>(run)).verdict, 'approved')
      const [body] = place.bodies(run, 'review.answered')
      assert.deepEqual([body?.batch, body?.operatorMs], [batch, MINUTE])
    }
  })

  test('one that can not be answered as it was shown, and none is', async (t) => {
    const place = await open(t)
    const ids = [await ask(place, {}, 'a'), await ask(place, {}, 'b'), await ask(place, {}, 'c')]
    const shown = ids.map((id) => ({ id, hash: place.hf.review(id).hash }))
    const stale = shown.map((one, i) => (i === 1 ? { ...one, hash: '0'.repeat(64) } : one))
    await assert.rejects(place.hf.desk.answerAll(stale, { verdict: 'approved' }), {
      code: 'REVIEW_BATCH_REFUSED',
      message: /None of 3 .*REVIEW_STALE/,
    })
    await place.hf.answer(ids[2] ?? '', { verdict: 'rejected' })
    await assert.rejects(place.hf.desk.answerAll(shown, { verdict: 'approved' }), {
      code: 'REVIEW_BATCH_REFUSED',
    })
    assert.equal(place.hf.reviews().length, 2)
  })

  /** Reviews of runs that are here, or have left the process, with what was shown of each. */
  async function asked(t: TestContext, residentRuns: number, runs = ['a', 'b', 'c']) {
    const place = await open(t, { residentRuns })
    const ids: string[] = []
    for (const run of runs) ids.push(await ask(place, {}, run))
    return { place, ids, shown: ids.map((id) => ({ id, hash: place.hf.review(id).hash })) }
  }

  for (const [where, residentRuns] of [
    ['that are here', 100],
    ['that have left the process', 0],
    ['of which some are here', 2],
  ] as const) {
    test(`of runs ${where}, all are answered by one commit, or none is`, async (t) => {
      const { place, ids, shown } = await asked(t, residentRuns)
      const isSpoiled = place.spoil('b', (events) => events.some(({ kind }) => kind === 'review.answered'))
      await assert.rejects(place.hf.desk.answerAll(shown, { verdict: 'approved' }), {
        code: 'LOG_WRITE_FAILED',
      })
      assert.ok(isSpoiled())
      assert.deepEqual(
        ids.map((id) => place.hf.review(id).status),
        ['waiting', 'waiting', 'waiting'],
      )
      await until(place, place.clock.now() + MINUTE)
      let appends = 0
      const append = place.hf.log.append.bind(place.hf.log)
      Object.assign(place.hf.log, {
        append: (...given: Parameters<typeof append>) => {
          if (given[0].some(({ events }) => events.some(({ kind }) => kind === 'review.answered')))
            appends += 1
          return append(...given)
        },
      })
      const twice = shown.slice(0, 1).map(({ id, hash }) => ({ id: id.slice(0, -1), hash }))
      const { answered } = await place.hf.desk.answerAll([...shown, ...twice], { verdict: 'approved' })
      assert.deepEqual([answered.length, appends], [3, 1], 'what is named twice is answered once')
      for (const run of ['a', 'b', 'c']) {
        assert.equal((await place.outcome<{ verdict: string }>(run)).verdict, 'approved')
        assert.equal(place.bodies(run, 'review.answered').length, 1)
        await verifiesSame(place, run)
      }
    })
  }

  test('two of one run are answered together as well', async (t) => {
    const both = defineWorkflow({
      name: 'both',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => await Promise.all([ctx.review('one', BASE), ctx.review('two', BASE)]),
    })
    for (const residentRuns of [0, 100]) {
      const place = await open(t, { workflows: [both], residentRuns })
      await place.hf.start(both, null, { id: 'r' })
      await place.hf.idle()
      const shown = place.hf.reviews().map(({ id, hash }) => ({ id, hash }))
      assert.equal(shown.length, 2)
      await place.hf.desk.answerAll(shown, { verdict: 'rejected' })
      await place.outcome('r')
      await verifiesSame(place)
    }
  })

  test('one that is answered while the others are looked at, and none of the others is', async (t) => {
    for (const residentRuns of [0, 100]) {
      const { place, ids, shown } = await asked(t, residentRuns)
      const [single, batch] = await Promise.allSettled([
        place.hf.answer(ids[1] ?? '', { verdict: 'rejected' }),
        place.hf.desk.answerAll(shown, { verdict: 'approved' }),
      ])
      await place.hf.idle()
      const statuses = ids.map((id) => place.hf.review(id).status)
      const oneWord =
        single.status === 'fulfilled' ? ['waiting', 'rejected', 'waiting'] : Array(3).fill('approved')
      assert.deepEqual(statuses, oneWord)
      assert.notEqual(single.status, batch.status, 'one of the two counts')
    }
  })

  test('one that was answered after it was looked at, whose run may be over, and none is', async (t) => {
    for (const residentRuns of [0, 100]) {
      const { place, ids, shown } = await asked(t, residentRuns)
      const ready = ids.map((id) => ({ review: place.hf.review(id), body: { name: 'offer', review: id } }))
      await place.hf.desk.answerAll(shown.slice(0, 1), { verdict: 'rejected' })
      await place.outcome('a')
      await assert.rejects(answerTogether(place.hf.runtime, ready), {
        code: 'REVIEW_BATCH_REFUSED',
        message: /None of 3 .* was answered/,
      })
      assert.equal(place.bodies('a', 'review.answered').length, 1)
      assert.equal(place.hf.reviews().length, 2)
    }
  })

  test('one whose answer is on its way to the disk, and none of the others is answered', async (t) => {
    for (const residentRuns of [0, 100]) {
      const { place, ids, shown } = await asked(t, residentRuns)
      const disk = holdAppends(place)
      const single = place.hf.answer(ids[1] ?? '', { verdict: 'rejected' })
      while (!disk.isHeld()) await new Promise((resolve) => setImmediate(resolve))
      const together = place.hf.desk.answerAll(shown, { verdict: 'approved' })
      await assert.rejects(together, { code: 'REVIEW_BATCH_REFUSED', message: /was answered/ })
      disk.goOn()
      await single
      assert.deepEqual(
        ids.map((id) => place.hf.review(id).status),
        ['waiting', 'rejected', 'waiting'],
      )
    }
  })

  test('one that is just being answered in a run that goes on, and none of the others is answered', async (t) => {
    const both = defineWorkflow({
      name: 'both',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => await Promise.all([ctx.review('one', BASE), ctx.review('two', BASE)]),
    })
    const place = await open(t, { workflows: [both], residentRuns: 100 })
    await place.hf.start(both, null, { id: 'r' })
    await place.hf.idle()
    const shown = place.hf.reviews().map(({ id, hash }) => ({ id, hash }))
    const disk = holdAppends(place)
    const single = place.hf.answer(shown[0]?.id ?? '', { verdict: 'rejected' })
    while (!disk.isHeld()) await new Promise((resolve) => setImmediate(resolve))
    const together = place.hf.desk.answerAll(shown, { verdict: 'approved' })
    await assert.rejects(together, { code: 'REVIEW_BATCH_REFUSED' })
    disk.goOn()
    await single
    assert.deepEqual(
      shown.map(({ id }) => place.hf.review(id).status),
      ['rejected', 'waiting'],
    )
  })

  test('one whose run is just ending, and none of the others is answered', async (t) => {
    const { place, ids, shown } = await asked(t, 100)
    const disk = holdAppends(place)
    const ended = place.hf.cancel('b')
    while (!disk.isHeld()) await new Promise((resolve) => setImmediate(resolve))
    const together = place.hf.desk.answerAll(shown, { verdict: 'approved' })
    await assert.rejects(together, { code: 'REVIEW_BATCH_REFUSED' })
    disk.goOn()
    await ended
    assert.deepEqual(
      ids.map((id) => place.hf.review(id).status),
      ['waiting', 'withdrawn', 'waiting'],
    )
  })

  test('of two words at once for runs that are not in the process one counts', async (t) => {
    const { place, shown } = await asked(t, 0)
    const { desk } = place.hf
    const told = await Promise.allSettled([
      desk.answerAll(shown, { verdict: 'approved' }),
      desk.answerAll(shown, { verdict: 'rejected' }),
    ])
    assert.deepEqual(told.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    for (const run of ['a', 'b', 'c']) assert.equal(place.bodies(run, 'review.answered').length, 1)
  })

  test('wakes its runs also where the process died right behind the commit', async (t) => {
    const { place, shown } = await asked(t, 0)
    Object.assign(place.hf.runtime, { wake: () => {} })
    await place.hf.desk.answerAll(shown, { verdict: 'approved' })
    await place.reopen()
    for (const run of ['a', 'b', 'c']) assert.ok(await place.outcome(run))
  })

  test('a run that comes in while the commit is under way goes on with its answer', async (t) => {
    const { place, shown } = await asked(t, 0)
    await place.reopen({ residentRuns: 100 })
    const { log, runtime } = place.hf
    const append = log.append.bind(log)
    let isOnce = true
    Object.assign(log, {
      append(...given: Parameters<typeof append>) {
        const appended = append(...given)
        if (isOnce) for (const run of ['a', 'b', 'c']) runtime.wake(run)
        isOnce = false
        return appended
      },
    })
    await place.hf.desk.answerAll(shown, { verdict: 'approved' })
    for (const run of ['a', 'b', 'c']) {
      assert.ok(await place.outcome(run))
      await verifiesSame(place, run)
    }
  })

  test('of two words for the same runs one counts, also for their code', async (t) => {
    const { place, shown } = await asked(t, 0)
    await place.reopen({ residentRuns: 100 })
    const { log, runtime, desk } = place.hf
    const append = log.append.bind(log)
    let letGo: (() => void) | null = null
    let isFirst = true
    Object.assign(log, {
      append(...given: Parameters<typeof append>) {
        const isAnswer = given[0].some(({ events }) => events.some(({ kind }) => kind === 'review.answered'))
        if (isAnswer && isFirst) {
          isFirst = false
          return new Promise((resolve, reject) => {
            letGo = () => void append(...given).then(resolve, reject)
          })
        }
        if (isAnswer) letGo?.()
        return append(...given)
      },
    })
    const one = desk.answerAll(shown, { verdict: 'approved' })
    const runs = ['a', 'b', 'c']
    while (isFirst) await new Promise((resolve) => setImmediate(resolve))
    for (const run of runs) runtime.wake(run)
    while (runs.some((run) => runtime.resident(run) === undefined))
      await new Promise((resolve) => setImmediate(resolve))
    const other = desk.answerAll(shown, { verdict: 'rejected' })
    const told = await Promise.allSettled([one, other])
    assert.deepEqual(
      told.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    for (const run of runs) {
      assert.equal((await place.outcome<{ verdict: string }>(run)).verdict, 'approved')
      await verifiesSame(place, run)
    }
  })

  test('more than may be under way at once', async (t) => {
    const runs = Array.from({ length: 12 }, (_, i) => `r-${i}`)
    const place = await open(t, { activeRuns: 3 })
    const shown: { id: string; hash: string }[] = []
    for (const run of runs) {
      const id = await ask(place, {}, run)
      shown.push({ id, hash: place.hf.review(id).hash })
    }
    const { answered } = await place.hf.desk.answerAll(shown, { verdict: 'approved' })
    assert.equal(answered.length, 12)
    for (const run of runs) assert.ok(await place.outcome(run))
  })
})

describe('word given ahead', () => {
  test('answers what is like it from then on, on record as a rule’s, until it is revoked', async (t) => {
    const place = await open(t)
    const before = await ask(place, {}, 'before')
    const first = await ask(place, {}, 'first')
    const { delegation, review } = await place.hf.desk.delegate(first, {
      customer: true,
      reason: 'always the same',
    })
    assert.deepEqual([review.status, delegation.customer, delegation.used], ['approved', 'c-1', 0])
    const next = await ask(place, {}, 'next')
    assert.equal(place.hf.review(next).status, 'approved')
    const [event] = place.events('next').filter(({ kind }) => kind === 'review.answered')
    assert.deepEqual(
      [event?.actor, event?.body?.way, event?.body?.delegation],
      [`rule:${delegation.id}`, 'rule', delegation.id],
    )
    assert.notEqual(event?.label.trust, 'owner')
    assert.equal(place.hf.review(before).status, 'waiting', 'what was asked before is still asked')
    assert.equal(place.hf.review(await ask(place, {}, 'other', 'c-2')).status, 'waiting')
    assert.equal(listDelegations(place.hf.log.tables)[0]?.used, 1)
    await place.reopen()
    await place.hf.idle()
    assert.equal(place.hf.review(before).status, 'waiting', 'also after opening again')
    await place.hf.desk.revoke(delegation.id, 'enough')
    assert.equal(place.hf.review(await ask(place, {}, 'late')).status, 'waiting')
    await place.reopen()
    await place.hf.idle()
    assert.equal(place.hf.review(await ask(place, {}, 'later')).status, 'waiting')
    await verifiesSame(place, 'next')
  })

  for (const isSetBack of [false, true]) {
    test(`answers a second later what the disk has refused, ${isSetBack ? 'also where the clock is set back' : 'by the clock'}`, async (t) => {
      const place = await open(t)
      await place.hf.desk.delegate(await ask(place, {}, 'first'), {})
      const { log } = place.hf
      const append = log.append.bind(log)
      const full = new HoldfastError('LOG_WRITE_FAILED', 'the disk is full')
      Object.assign(log, {
        append: async (...given: Parameters<typeof append>) => {
          if (given[0].some(({ events }) => events.some(({ kind }) => kind === 'review.answered'))) throw full
          return await append(...given)
        },
      })
      const next = await ask(place, {}, 'next')
      Object.assign(log, { append })
      assert.equal(place.hf.review(next).status, 'waiting')
      if (isSetBack) place.clock.set(place.clock.now() - 10 * 24 * HOUR)
      place.clock.advance(2_000)
      await until(place, place.clock.now())
      assert.equal(place.hf.review(next).status, 'approved')
    })
  }

  test('answers what another answer was on its way for that the disk has refused', async (t) => {
    const place = await open(t, { residentRuns: 100 })
    await place.hf.desk.delegate(await ask(place, {}, 'first'), {})
    await place.reopen({ recover: false })
    place.hf.runtime.recover()
    const next = await ask(place, {}, 'next')
    const { log, desk } = place.hf
    const append = log.append.bind(log)
    const { promise: isRefused, resolve: refuse } = Promise.withResolvers<void>()
    Object.assign(log, {
      append: async () => {
        await isRefused
        throw new HoldfastError('LOG_WRITE_FAILED', 'the disk is full')
      },
    })
    const operator = place.hf.answer(next, { verdict: 'rejected' })
    await turns(5)
    desk.open()
    await desk.idle()
    refuse()
    await assert.rejects(operator, { code: 'LOG_WRITE_FAILED' })
    Object.assign(log, { append })
    place.clock.advance(1_000)
    await place.hf.idle()
    assert.equal(place.hf.review(next).status, 'approved')
  })

  test('is as narrow as it was said: fields, segment, time, number, risk', async (t) => {
    const place = await open(t)
    const asked = { operation: 'shop.mail', segment: 'schools' }
    const first = await ask(place, asked, 'first')
    const until = place.clock.now() + HOUR
    await place.hf.desk.delegate(first, { segment: true, same: ['to', 'amount'], most: 2, until })
    const statusOf = async (more: Asking, run: string): Promise<string> =>
      place.hf.review(await ask(place, { ...asked, ...more }, run)).status
    const amount = { proposal: { ...BASE.proposal, amount: 101 } }
    assert.equal(await statusOf(amount, 'other amount'), 'waiting')
    assert.equal(await statusOf({ segment: 'shops' }, 'other segment'), 'waiting')
    assert.equal(await statusOf({ operation: 'shop.hold' }, 'other operation'), 'waiting')
    assert.equal(await statusOf({ warnings: ['hidden text'] }, 'warned'), 'waiting')
    assert.equal(await statusOf({ action: 'pay' }, 'other action'), 'waiting')
    const text = { proposal: { ...BASE.proposal, text: 'other' } }
    assert.equal(await statusOf(text, 'other text'), 'approved')
    assert.equal(await statusOf({}, 'second'), 'approved')
    const third = await ask(place, asked, 'third')
    assert.equal(place.hf.review(third).status, 'waiting')
    await place.hf.desk.delegate(third, { until })
    assert.equal(await statusOf({}, 'fourth'), 'approved')
    place.clock.set(until)
    assert.equal(await statusOf({}, 'late'), 'waiting')
  })

  test('is not given for what looks wrong, can not be taken back, or is the policy’s question', async (t) => {
    const acts = defineWorkflow({
      name: 'acts',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => await ctx.act('mail', 'shop.mail', {}),
    })
    const policy = {
      operations: { allow: [], deny: [], review: ['shop.*'] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    }
    const place = await open(t, { workflows: [offer, acts], policy })
    await place.hf.start(acts, null, { id: 'acts' })
    await place.hf.idle()
    const ids = [
      place.hf.reviews()[0]?.id ?? '',
      await ask(place, { warnings: ['x'] }, 'a'),
      await ask(place, { operation: 'shop.pay' }, 'b'),
    ]
    for (const id of ids)
      await assert.rejects(place.hf.desk.delegate(id, {}), { code: 'REVIEW_NOT_DELEGABLE' })
    const plain = await ask(place, {}, 'c')
    for (const odd of [{ segment: true }, { same: ['nothing'] }])
      await assert.rejects(place.hf.desk.delegate(plain, odd), { code: 'REVIEW_NOT_DELEGABLE' })
    const nobodys = await ask(place, {}, 'd', null)
    const forAll = place.hf.desk.delegate(nobodys, { customer: true })
    await assert.rejects(forAll, { code: 'REVIEW_NOT_DELEGABLE' }, 'it would be for everybody')
    await assert.rejects(place.hf.desk.revoke('d-none'), { code: 'DELEGATION_UNKNOWN' })
    assert.equal(place.hf.reviews().length, 5)
    assert.deepEqual(listDelegations(place.hf.log.tables), [])
  })

  test('the delegation and the answer are one commit', async (t) => {
    const place = await open(t)
    const first = await ask(place, {}, 'first')
    const isSpoiled = place.spoil('first', (events) => events.some(({ kind }) => kind === 'review.answered'))
    await assert.rejects(place.hf.desk.delegate(first, {}))
    assert.ok(isSpoiled())
    await place.hf.idle()
    assert.deepEqual(listDelegations(place.hf.log.tables), [])
    assert.equal(place.hf.review(first).status, 'waiting')
    const { delegation } = await place.hf.desk.delegate(first, {})
    const [given] = place.hf.log.readStream(`delegation/${delegation.id}`)
    const [answered] = place.events('first').filter(({ kind }) => kind === 'review.answered')
    assert.equal(Math.abs((given?.position ?? 0) - (answered?.position ?? 0)), 1)
  })

  test('one that was recorded in the words of an earlier version still speaks', async (t) => {
    const place = await open(t)
    const { delegation } = await place.hf.desk.delegate(await ask(place, {}, 'first'), { same: ['to'] })
    await place.hf.desk.revoke(delegation.id)
    const { agent: workflow, arguments: _, expiresAt: until, id: __, ...scope } = delegation
    const to = (delegation.arguments.to as { readonly oneOf: readonly Json[] }).oneOf[0] ?? null
    const body = { delegation: 'd-00000001', ...scope, workflow, same: { to }, until }
    const event = {
      kind: 'delegation.given',
      actor: 'operator',
      label: OWNER,
      body: body as unknown as JsonObject,
    }
    await place.hf.log.append([{ stream: 'delegation/d-00000001', expectedVersion: 0, events: [event] }])
    const second = await ask(place, {}, 'second')
    await place.hf.idle()
    assert.equal(place.hf.review(second).status, 'approved')
    const [answered] = place.bodies('second', 'review.answered')
    assert.equal(answered?.delegation, 'd-00000001')
  })

  test('that is just being revoked answers nothing more', async (t) => {
    for (const isAtLast of [false, true]) {
      const place = await open(t)
      const { delegation } = await place.hf.desk.delegate(await ask(place, {}, 'first'), {})
      const { log, desk, runtime } = place.hf
      const append = log.append.bind(log)
      const { promise: gate, resolve: goOn } = Promise.withResolvers<void>()
      Object.assign(log, {
        append: async (...given: Parameters<typeof append>) => {
          if (given[0].some(({ events }) => events.some(({ kind }) => kind === 'delegation.revoked')))
            await gate
          return await append(...given)
        },
      })
      const revoked = Promise.withResolvers<unknown>()
      const revoke = () => revoked.resolve(desk.revoke(delegation.id))
      const execution = runtime.execution.bind(runtime)
      const revoking = async (run: string) => {
        revoke()
        return await execution(run)
      }
      if (isAtLast) Object.assign(runtime, { execution: revoking })
      else revoke()
      const next = await ask(place, {}, 'next')
      goOn()
      await revoked.promise
      await place.hf.idle()
      assert.equal(place.hf.review(next).status, 'waiting')
    }
  })

  test('speaks for nothing that can not be taken back, whatever is on record', async (t) => {
    const place = await open(t)
    const { delegation } = await place.hf.desk.delegate(await ask(place, {}, 'first'), {})
    const { id: _, ...scope } = delegation
    const body = { delegation: 'd-00000001', ...scope, operation: 'shop.pay', effect: 'irreversible' }
    const given = { kind: 'delegation.given', actor: 'operator', label: OWNER }
    const event = { ...given, body: body as unknown as JsonObject }
    await place.hf.log.append([{ stream: 'delegation/d-00000001', expectedVersion: 0, events: [event] }])
    const next = await ask(place, { operation: 'shop.pay' }, 'next')
    await place.hf.idle()
    assert.equal(place.hf.review(next).status, 'waiting')
  })

  test('what a crash left unanswered is answered on opening, by what it does on that day', async (t) => {
    const worse = defineConnector({
      name: 'shop',
      operations: {
        hold: {
          manifest: { effect: 'external' },
          input: z.any(),
          output: z.any(),
          perform: async () => null,
        },
      },
    })
    const place = await open(t)
    await place.hf.desk.delegate(await ask(place, { operation: 'shop.hold' }, 'first'), {})
    await place.reopen({ recover: false })
    place.hf.runtime.recover()
    const second = await ask(place, { operation: 'shop.hold' }, 'second')
    assert.equal(place.hf.review(second).status, 'waiting')
    await place.reopen({ recover: true, connectors: [worse] })
    await place.hf.idle()
    assert.equal(place.hf.review(second).status, 'waiting')
  })

  test('what a crash left unanswered is answered on opening', async (t) => {
    const place = await open(t)
    const first = await ask(place, {}, 'first')
    await place.hf.desk.delegate(first, {})
    await place.reopen({ recover: false })
    // Nobody is there to use the delegation: as after a crash between the question and its answer.
    place.hf.runtime.recover()
    const second = await ask(place, {}, 'second')
    assert.equal(place.hf.review(second).status, 'waiting')
    await place.reopen({ recover: true })
    await place.hf.idle()
    assert.equal(place.hf.review(second).status, 'approved')
  })
})

describe('the audit', () => {
  test('tells approved from rejected from edited from responded, who, and by which way', async (t) => {
    const place = await open(t)
    const said = async (run: string, answer: Parameters<typeof place.hf.answer>[1]): Promise<void> => {
      await place.hf.answer(await ask(place, {}, run), answer)
    }
    await said('a', { verdict: 'approved', way: 'cli' })
    await said('b', { verdict: 'edited', changes: { amount: 1 } })
    await said('c', { verdict: 'rejected', reason: 'no' })
    await said('d', { verdict: 'responded', instruction: 'shorter' })
    await ask(place, { deadline: '1h', onExpiry: 'reject' }, 'e')
    await place.pass()
    const { delegation } = await place.hf.desk.delegate(await ask(place, {}, 'f'), {})
    await ask(place, {}, 'g')
    const told = listAnswers(place.hf.log.tables).map(({ run, actor, verdict, way, distance }) => [
      run,
      actor,
      verdict,
      way,
      distance > 0,
    ])
    assert.deepEqual(told.toReversed(), [
      ['a', 'operator', 'approved', 'cli', false],
      ['b', 'operator', 'edited', 'program', true],
      ['c', 'operator', 'rejected', 'program', false],
      ['d', 'operator', 'responded', 'program', false],
      ['e', 'runtime', 'rejected', 'expiry', false],
      ['f', 'operator', 'approved', 'program', false],
      ['g', `rule:${delegation.id}`, 'approved', 'rule', false],
    ])
  })

  test('nobody can pretend that a rule or a deadline said it', async (t) => {
    const place = await open(t)
    const id = await ask(place)
    for (const way of ['rule', 'expiry'])
      await assert.rejects(place.hf.answer(id, { verdict: 'approved', way }), { code: 'INPUT_INVALID' })
    assert.equal(place.hf.review(id).status, 'waiting')
  })
})
