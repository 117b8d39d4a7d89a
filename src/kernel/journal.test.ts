import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from './event.ts'
import { nextFor, openWaits } from './event-waits.ts'
import { applyToJournal, emptyJournal, foldJournal, type Journal, waitsSince } from './journal.ts'
import { labelOf } from './journal-label.ts'
import type { JsonObject } from './json.ts'
import { externalFrom, type Label, SYSTEM } from './label.ts'

type Entry = readonly [kind: string, body: JsonObject | null, label?: Label]

const STARTED: Entry = [
  'run.started',
  { workflow: 'order', version: 2, input: { n: 1 }, seed: 's', customer: null, parent: null },
]

function journalOf(...entries: readonly Entry[]): Journal {
  const events = [STARTED, ...entries].map(
    ([kind, body, label = SYSTEM], i): StoredEvent => ({
      position: 100 + i,
      stream: 'run/r',
      version: i + 1,
      kind,
      time: 1_000 + i,
      actor: 'test',
      cause: null,
      correlation: null,
      label,
      body,
    }),
  )
  return foldJournal('r', events)
}

function outcomeOf(journal: Journal, name: string): unknown {
  const outcome = journal.entries.get(name)?.settled?.outcome
  return outcome?.ok ? outcome.value : outcome?.error
}

test('knows how the run began', () => {
  const { start, version, end } = journalOf()
  assert.equal(version, 1)
  assert.equal(end, null)
  assert.deepEqual(start, {
    workflow: 'order',
    workflowVersion: 2,
    input: { n: 1 },
    seed: 's',
    customer: null,
    parent: null,
    isQueued: false,
    fork: null,
    position: 100,
    time: 1_000,
    chain: null,
    waitsSince: null,
    externalSince: null,
    toldTime: 1_000,
    label: SYSTEM,
  })
})

test('is told when it left the queue; records of before do not say so', () => {
  assert.equal(journalOf(['run.queued', {}], ['run.admitted', { begins: true }]).start?.toldTime, 1_002)
  assert.equal(journalOf(['run.queued', {}], ['run.admitted', {}]).start?.toldTime, 1_000)
  const reopened: Entry = ['run.reopened', { from: null, voided: [], unclear: [], kept: [], notes: [] }]
  const again = journalOf(['run.admitted', { begins: true }], reopened, ['run.admitted', { begins: true }])
  assert.equal(again.start?.toldTime, 1_001, 'what it has seen once stays')
})

const error = { code: 'OUT_OF_STOCK', message: 'none left' }
const review = { name: 'x', review: 'r-1', verdict: 'approved', value: {}, instruction: null, reason: null }
for (const [kind, body, outcome] of [
  ['step.completed', { name: 'x', result: [1] }, [1]],
  ['step.failed', { name: 'x', error }, error],
  ['effect.succeeded', { name: 'x', output: 'sent' }, 'sent'],
  ['effect.failed', { name: 'x', error }, error],
  ['timer.fired', { name: 'x' }, null],
  ['wait.ended', { name: 'x', event: null }, null],
  ['child.ended', { name: 'x', output: 3 }, 3],
  ['child.ended', { name: 'x', error }, error],
  ['review.answered', review, review],
  ['decision.made', { name: 'x', answer: 'yes' }, { name: 'x', answer: 'yes' }],
  ['decision.failed', { name: 'x', error }, error],
] as const) {
  test(`${kind} settles its operation with ${JSON.stringify(outcome)}`, () => {
    const journal = journalOf([kind, body])
    assert.deepEqual(outcomeOf(journal, 'x'), outcome)
    assert.equal(journal.entries.get('x')?.settled?.version, 2)
  })
}

test('an effect is intended, unknown, attempted again, settled', () => {
  const intended: Entry = [
    'effect.intended',
    { name: 'send', operation: 'a.b', input: { to: 'x' }, attempt: 1 },
  ]
  const unknown: Entry = ['effect.unknown', { name: 'send', why: 'crash', attempt: 1 }]
  const failed: Entry = [
    'attempt.failed',
    { type: 'effect', name: 'send', attempt: 1, error, retryAt: 5_000 },
  ]
  const done: Entry = ['effect.succeeded', { name: 'send', output: 1 }]
  const state = (...entries: Entry[]) => journalOf(...entries).entries.get('send')
  assert.equal(state(intended)?.effect, 'intended')
  assert.equal(state(intended, unknown)?.effect, 'unknown')
  assert.deepEqual(state(intended, unknown)?.opened?.input, { to: 'x' }, 'what was intended stays known')
  assert.equal(state(intended, unknown, failed)?.effect, null)
  assert.equal(state(intended, unknown, failed)?.retryAt, 5_000)
  assert.equal(state(intended, unknown, failed)?.failedAttempts, 1)
  const end = state(intended, unknown, failed, intended, done)
  assert.deepEqual([end?.effect, end?.retryAt], [null, null])
})

test('a failed lookup is no failed attempt', () => {
  const lookup: Entry = [
    'attempt.failed',
    { type: 'effect', name: 'send', attempt: 1, error, retryAt: 5_000, during: 'lookup' },
  ]
  const intended: Entry = ['effect.intended', { name: 'send', operation: 'a.b', input: 1, attempt: 1 }]
  const unknown: Entry = ['effect.unknown', { name: 'send', why: 'crash', attempt: 1 }]
  const entry = journalOf(intended, unknown, lookup, lookup).entries.get('send')
  assert.deepEqual([entry?.effect, entry?.failedAttempts, entry?.failedLookups], ['unknown', 0, 2])
  assert.equal(journalOf(intended, unknown, lookup, intended).entries.get('send')?.failedLookups, 0)
})

test('a wait looks for events after the last one received of its kind and key', () => {
  const wait = (name: string, kind: string, position: number | null): Entry[] => [
    ['wait.started', { name, kind, key: 'k' }],
    ['wait.ended', { name, event: position === null ? null : { position } }],
  ]
  const journal = journalOf(...wait('a', 'paid', 170), ...wait('b', 'paid', null), ...wait('c', 'sent', 180))
  const after = (kind: string, key: string) => nextFor(journal.eventWaits, { kind, key }, 100).after
  assert.equal(after('paid', 'k'), 170)
  assert.equal(after('sent', 'k'), 180)
  assert.equal(after('paid', 'other'), 100, 'else since the run began')
})

test('an abandoned wait is closed, and gives back the event that its code was not handed', () => {
  const paid = { kind: 'paid', key: '' }
  const started = (name: string): Entry => ['wait.started', { name, ...paid }]
  const journal = journalOf(started('a'), started('b'), started('c'))
  assert.deepEqual(openWaits(journal.eventWaits, paid), ['a', 'b', 'c'], 'the oldest first')
  const ended: Entry = ['wait.ended', { name: 'a', event: { position: 120 } }]
  const abandoned: Entry = ['wait.abandoned', { name: 'a', ...paid, returned: 120 }]
  const later: Entry = ['wait.ended', { name: 'b', event: { position: 130 } }]
  const back = journalOf(started('a'), started('b'), started('c'), ended, later, abandoned)
  assert.deepEqual(openWaits(back.eventWaits, paid), ['c'])
  assert.deepEqual(nextFor(back.eventWaits, paid, 100), { position: 120, after: 130 })
  const again: Entry = ['wait.ended', { name: 'c', event: { position: 120 } }]
  const all = journalOf(started('a'), started('b'), started('c'), ended, later, abandoned, again)
  assert.deepEqual(nextFor(all.eventWaits, paid, 100), { position: null, after: 130 })
})

test('a note is known by its kind and subject', () => {
  const note = (node: string): Entry => ['node.ended', { graph: 'g', node, state: 'done' }]
  assert.equal(journalOf(note('a'), note('b'), note('a')).notes.size, 2)
})

test('a run is stalled until it does something, or waits; what comes in from outside changes nothing', () => {
  const stalled: Entry = ['run.stalled', { error }]
  const fired = (body: JsonObject): Entry => ['timer.fired', { name: 'x', ...body }]
  assert.deepEqual(journalOf(stalled).stalled, error)
  assert.deepEqual(journalOf(stalled, fired({})).stalled, error)
  assert.equal(journalOf(stalled, fired({ wakes: true })).stalled, null)
  assert.equal(journalOf(stalled, ['wait.started', { name: 'x', parks: true }]).stalled, null)
  assert.equal(journalOf(stalled, ['run.parked', {}]).stalled, null)
})

test('the ends of a run', () => {
  assert.deepEqual(journalOf(['run.completed', { output: 7 }]).end, { status: 'completed', output: 7 })
  assert.deepEqual(journalOf(['run.failed', { error }]).end, { status: 'failed', error, cutOff: false })
  const passed = { error, cutOff: true }
  assert.deepEqual(journalOf(['run.failed', passed]).end, { status: 'failed', ...passed })
  assert.deepEqual(journalOf(['run.cancelled', { error, reason: '' }]).end, { status: 'cancelled', error })
})

test('the label is the join of the start and of all that was received', () => {
  const label = externalFrom('mail:m-1')
  assert.equal(labelOf(journalOf()).trust, 'system')
  assert.deepEqual(labelOf(journalOf(['wait.ended', { name: 'x', event: null }, label])), label)
})

test('an erased body is noticed', () => {
  assert.equal(journalOf().erased, false)
  assert.equal(journalOf(['step.completed', null]).erased, true)
})

test('events that open or settle nothing leave no entry', () => {
  const journal = journalOf(['policy.decided', { name: 'send' }], ['model.called', { name: 'ask' }])
  assert.equal(journal.entries.size, 0)
  assert.equal(journal.version, 3)
})

test('folding in one go is the same as one by one', () => {
  const whole = journalOf(['timer.set', { name: 't', at: 9 }], ['timer.fired', { name: 't' }])
  const first = journalOf(['timer.set', { name: 't', at: 9 }])
  applyToJournal(first, {
    position: 102,
    stream: 'run/r',
    version: 3,
    kind: 'timer.fired',
    time: 1_002,
    actor: 'test',
    cause: null,
    correlation: null,
    label: SYSTEM,
    body: { name: 't' },
  })
  assert.deepEqual(first, whole)
})

test('a forked run begins with what was copied: settled, in the time of its source, and nothing is opened', () => {
  const forkedFrom = { run: 'q', step: 'pay', position: 9, started: 50, since: 3, line: [] }
  const received = { id: 'e', kind: 'paid', key: 'k', data: null, time: 55, position: 7 }
  const journal = emptyJournal('r')
  const bodies: [string, JsonObject][] = [
    ['run.started', { workflow: 'order', version: 1, input: 1, seed: 's', forkedFrom }],
    [
      'outcome.copied',
      { name: 'sum', type: 'step', time: 52, code: 'pure:1', outcome: { ok: true, value: 3 } },
    ],
    ['outcome.copied', { name: 'order', type: 'wait', time: 56, outcome: { ok: true, value: received } }],
    ['outcome.copied', { name: 'late', type: 'wait', time: 57, outcome: { ok: true, value: null } }],
  ]
  bodies.forEach(([kind, body], i) => {
    const header = { position: 100 + i, stream: 'run/r', version: i + 1, time: 1_000, actor: 'operator' }
    applyToJournal(journal, { ...header, kind, body, cause: null, correlation: null, label: SYSTEM })
  })
  assert.deepEqual([journal.start?.time, journal.start?.toldTime], [1_000, 50])
  assert.deepEqual(journal.start?.fork, forkedFrom)
  assert.equal(outcomeOf(journal, 'sum'), 3)
  const { opened, code, settled } = journal.entries.get('sum') ?? {}
  assert.deepEqual([opened, code, settled?.time, settled?.version], [null, 'pure:1', 52, 2])
  assert.equal(nextFor(journal.eventWaits, { kind: 'paid', key: 'k' }, waitsSince(journal)).after, 7)
  assert.equal(
    nextFor(journal.eventWaits, { kind: 'other', key: '' }, waitsSince(journal)).after,
    3,
    'it looks back as far as its source',
  )
})
