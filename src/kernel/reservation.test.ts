import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewEvent } from './event.ts'
import { applyToJournal, emptyJournal, type Journal } from './journal.ts'
import type { JsonObject } from './json.ts'
import { SYSTEM } from './label.ts'
import {
  expiredBody,
  type Hold,
  modelTakes,
  OpenReservations,
  periodEnd,
  periodOf,
  reservedBody,
  whole,
} from './reservation.ts'

const NOON = Date.UTC(2026, 11, 31, 12)
const DAY = 86_400_000

const event = (kind: string, body: JsonObject): NewEvent => ({ kind, body, actor: 'test', label: SYSTEM })
const hold = (unit: Hold['unit'], amount: number, period = '2026-12-31'): Hold => ({
  budget: unit,
  of: '',
  period,
  unit,
  amount,
})
const ALL = [hold('usd', 50), hold('tokens', 20), hold('calls', 1)]

/** What closes a reservation for `x` before this fact: its kind, and what each hold takes for good. */
function closedBy(fact: NewEvent, given: { holds?: readonly Hold[]; time?: number; journal?: Journal } = {}) {
  const { holds = ALL, time = NOON, journal = emptyJournal('r') } = given
  const reserved = event('budget.reserved', reservedBody('x', 'a.b', holds))
  const open = OpenReservations.of([reserved])
  assert.ok(open)
  const events = open.withClosings(journal, [fact], time)
  assert.equal(events.at(-1), fact, 'the fact itself is the last')
  const [closing] = events.length > 1 ? events : []
  if (closing === undefined) return null
  const amounts = closing.body.amounts as JsonObject[]
  assert.deepEqual(
    amounts.reduce((sum, { reserved: one }) => sum + Number(one), 0),
    holds.reduce((sum, { amount }) => sum + amount, 0),
    'all of it is given back or taken',
  )
  assert.equal(open.withClosings(journal, [fact], time).length, 1, 'once')
  return [closing.kind, ...amounts.map(({ settled }) => settled)]
}

const named = (kind: string, more: JsonObject = {}): NewEvent => event(kind, { name: 'x', ...more })
const failed = (code: string): JsonObject => ({ error: { code, message: '' } })

describe('a reservation is closed by the fact that tells its outcome', () => {
  const cases: [string, NewEvent, (string | number)[] | null][] = [
    ['done', named('effect.succeeded'), ['budget.settled', 50, 20, 1]],
    [
      'done, and said what it cost',
      named('effect.succeeded', { priceMicros: 70 }),
      ['budget.settled', 70, 20, 1],
    ],
    ['undone', named('undo.succeeded'), ['budget.settled', 50, 20, 1]],
    ['refused', named('effect.failed', failed('CONNECTOR_REFUSED')), ['budget.released', 0, 0, 1]],
    ['given up', named('effect.failed', failed('EFFECT_ABANDONED')), ['budget.settled', 50, 20, 1]],
    [
      'not done this time',
      named('attempt.failed', { type: 'effect', ...failed('CONNECTOR_UNAVAILABLE') }),
      ['budget.released', 0, 0, 1],
    ],
    [
      'not done, says who was asked',
      named('attempt.failed', { type: 'effect', notDone: true, ...failed('X') }),
      ['budget.released', 0, 0, 1],
    ],
    [
      'repeated, as that does no harm',
      named('attempt.failed', { type: 'effect', unclear: true, ...failed('CONNECTOR_UNAVAILABLE') }),
      ['budget.settled', 50, 20, 1],
    ],
    [
      'a read that failed in another way',
      named('attempt.failed', { type: 'effect', ...failed('OUTPUT_INVALID') }),
      ['budget.settled', 50, 20, 1],
    ],
    ['asked about in vain', named('attempt.failed', { type: 'effect', during: 'lookup' }), null],
    ['a step of the same name', named('attempt.failed', { type: 'step', ...failed('X') }), null],
    [
      'stopped before it was begun',
      named('attempt.failed', { type: 'effect', stopped: true, ...failed('WORK_STOPPED') }),
      ['budget.released', 0, 0, 0],
    ],
    ['held before a model was asked', named('decision.held'), ['budget.released', 0, 0, 0]],
    ['not known', named('effect.unknown'), null],
    [
      'answered by a model',
      named('model.called', { inputTokens: 3, outputTokens: 4, priceMicros: 90, error: null }),
      ['budget.settled', 90, 7, 1],
    ],
    [
      'answered by a model without a price',
      named('model.called', { inputTokens: 3, outputTokens: 4, priceMicros: null, error: null }),
      ['budget.settled', 0, 7, 1],
    ],
    [
      'paid, though the answer was none',
      named('model.called', { inputTokens: 3, outputTokens: null, priceMicros: 9, ...failed('X') }),
      ['budget.settled', 9, 3, 1],
    ],
    [
      'not answered, after it had read the question',
      named('model.called', { inputTokens: 3, outputTokens: null, priceMicros: null, ...failed('X') }),
      ['budget.settled', 0, 3, 1],
    ],
    [
      'not answered, and paid all the same',
      named('model.called', { inputTokens: null, outputTokens: null, priceMicros: 9, ...failed('X') }),
      ['budget.settled', 9, 0, 1],
    ],
    [
      'not answered by a model',
      named('model.called', { inputTokens: null, priceMicros: null, ...failed('MODEL_UNAVAILABLE') }),
      ['budget.released', 0, 0, 1],
    ],
    [
      'given up before the model said anything',
      named('model.called', { unclear: true, ...failed('MODEL_UNAVAILABLE') }),
      ['budget.settled', 50, 20, 1],
    ],
    [
      'cut off, and made again',
      event('budget.reserved', reservedBody('x', 'a.b', ALL)),
      ['budget.settled', 50, 20, 1],
    ],
    ['cut off, and decided by rules', named('decision.made'), ['budget.settled', 50, 20, 1]],
    ['cut off, and the rules throw', named('decision.failed'), ['budget.settled', 50, 20, 1]],
    [
      'cut off, and now put to the operator',
      named('policy.decided', { request: { type: 'model' }, answer: 'review' }),
      ['budget.settled', 50, 20, 1],
    ],
    ['looked up', named('policy.decided', { request: { type: 'effect' }, answer: 'allow' }), null],
    ['another one', event('effect.succeeded', { name: 'y' }), null],
    ['the end', event('run.failed', {}), ['budget.settled', 50, 20, 1]],
  ]
  for (const [what, fact, closing] of cases) {
    test(what, () => {
      if (fact.kind !== 'budget.reserved') return assert.deepEqual(closedBy(fact), closing)
      const open = OpenReservations.of([fact])
      const [settled, again] = open?.withClosings(emptyJournal('r'), [fact], NOON) ?? []
      assert.deepEqual([settled?.kind, again], [closing?.[0], fact])
      assert.ok(open?.get('x'), 'and the new one stands')
    })
  }

  test('by none where nothing is reserved', () => {
    assert.equal(OpenReservations.of([named('effect.succeeded')]), null)
    const facts = [named('effect.succeeded'), event('run.completed', {})]
    assert.deepEqual(new OpenReservations().withClosings(emptyJournal('r'), facts, NOON), facts)
  })
})

describe('the operator’s time', () => {
  const time = [hold('minutes', 120_000)]
  const answered = (more: JsonObject) => named('review.answered', more)

  test('is what the operator looked at it, and nothing where nobody did', () => {
    assert.deepEqual(closedBy(answered({ operatorMs: 5_000, way: 'cli' }), { holds: time }), [
      'budget.settled',
      5_000,
    ])
    assert.deepEqual(closedBy(answered({ operatorMs: null, way: 'cli' }), { holds: time }), [
      'budget.settled',
      0,
    ])
    for (const way of ['rule', 'expiry', 'autonomy']) {
      assert.deepEqual(closedBy(answered({ operatorMs: 5_000, way }), { holds: time }), ['budget.settled', 0])
    }
  })

  test('counts for the day on which it is taken', () => {
    const next = { holds: time, time: NOON + DAY }
    assert.deepEqual(closedBy(answered({ operatorMs: 5_000, way: 'cli' }), next), [
      'budget.settled',
      0,
      5_000,
    ])
  })

  test('is given back when the run ends without an answer', () => {
    const journal = emptyJournal('r')
    const asked = { ...named('review.requested'), version: 1, time: NOON, position: 1 }
    applyToJournal(journal, asked)
    assert.deepEqual(closedBy(event('run.cancelled', {}), { holds: time, journal }), ['budget.expired', 0])
  })

  test('is taken all the same where the run is reopened and answered', () => {
    const journal = emptyJournal('r')
    applyToJournal(journal, { ...named('review.requested'), version: 1, time: NOON, position: 1 })
    const open = OpenReservations.of([event('budget.reserved', reservedBody('x', 'review', time))])
    const ended = open?.withClosings(journal, [event('run.failed', {})], NOON) ?? []
    assert.equal(ended[0]?.kind, 'budget.expired')
    const [settled] = open?.withClosings(journal, [answered({ operatorMs: 5_000, way: 'cli' })], NOON) ?? []
    const [amount] = (settled?.body.amounts ?? []) as JsonObject[]
    assert.deepEqual([settled?.kind, amount?.reserved, amount?.settled], ['budget.settled', 0, 5_000])
  })
})

test('one that has expired gives all back but its calls; what it took after all counts then', () => {
  const open = OpenReservations.of([event('budget.reserved', reservedBody('x', 'a.b', ALL))])
  assert.ok(open)
  const expired = event('budget.expired', expiredBody({ for: 'x', operation: 'a.b', holds: ALL }))
  assert.deepEqual(
    (expired.body.amounts as JsonObject[]).map(({ reserved, settled }) => [reserved, settled]),
    [
      [50, 0],
      [20, 0],
      [1, 1],
    ],
  )
  assert.deepEqual(open.withClosings(emptyJournal('r'), [expired], NOON), [expired])
  assert.equal(open.get('x')?.isExpired, true)
  const [late] = open.withClosings(emptyJournal('r'), [named('effect.succeeded')], NOON)
  assert.deepEqual(
    ((late?.body.amounts ?? []) as JsonObject[]).map(({ reserved, settled }) => [reserved, settled]),
    [
      [0, 50],
      [0, 20],
      [0, 0],
    ],
  )
  const again = OpenReservations.of([event('budget.reserved', reservedBody('x', 'a.b', ALL)), expired])
  assert.equal(again?.withClosings(emptyJournal('r'), [event('run.completed', {})], NOON).length, 1)
})

test('days and months are those of UTC', () => {
  assert.deepEqual(
    [periodOf('day', NOON), periodOf('month', NOON), periodOf(null, NOON)],
    ['2026-12-31', '2026-12', ''],
  )
  assert.equal(periodEnd('2026-12-31'), Date.UTC(2027, 0, 1))
  assert.equal(periodEnd('2026-12'), Date.UTC(2027, 0, 1))
  assert.equal(periodEnd(''), null)
})

test('what a model reports is taken as a whole number, nonsense as none, and too much as the most there is', () => {
  assert.deepEqual([1.2, -3, 'much', {}, null, undefined].map(whole), [2, 0, 0, 0, 0, 0])
  assert.deepEqual([9e15, 1e300].map(whole), [1e15, 1e15])
  assert.equal(modelTakes(hold('tokens', 5), { inputTokens: 1 }), 1)
  assert.equal(modelTakes(hold('calls', 1), {}), 1)
})
