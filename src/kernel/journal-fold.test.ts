import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextFor, openWaits } from './event-waits.ts'
import {
  applyToJournal,
  emptyJournal,
  foldJournal,
  intendedEffects,
  isOver,
  type Journal,
  RUN_ENDS,
  receivedBy,
  waitsSince,
} from './journal.ts'
import { labelOf } from './journal-label.ts'
import type { JsonObject } from './json.ts'
import { externalFrom, type Label, OWNER, SYSTEM } from './label.ts'
import type { JournalEvent } from './run-start.ts'

type Fact = readonly [kind: string, body: JsonObject | null, label?: Label]

const error = { code: 'OUT_OF_STOCK', message: 'none left' }
const paid = { kind: 'paid', key: 'k' }
const start: JsonObject = { workflow: 'order', version: 1, input: null, seed: 's' }

function eventsOf(facts: readonly Fact[]): JournalEvent[] {
  return facts.map(([kind, body, label = SYSTEM], i) => ({
    position: 100 + i,
    version: i + 1,
    kind,
    time: 1_000 + i,
    label,
    body,
  }))
}

function journalOf(...facts: readonly Fact[]): Journal {
  return foldJournal('r', eventsOf(facts))
}

const wait = (name: string): Fact => ['wait.started', { name, ...paid }]
const ended = (name: string, position: number | null): Fact => [
  'wait.ended',
  { name, event: position === null ? null : { ...paid, position } },
]

const fact: fc.Arbitrary<Fact> = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 9 }), fc.boolean(), fc.boolean())
  .chain(([name, position, wakes, isErased]) => {
    const bodies: readonly Fact[] = [
      ['run.started', { ...start, waits: { since: 3, received: [{ ...paid, upTo: 2, returned: [1] }] } }],
      ['step.completed', { name, result: position, code: 'pure:1' }, externalFrom(`mail:${name}`)],
      ['step.failed', { name, error, wakes }],
      ['effect.intended', { name, operation: 'a.b', attempt: 1 }],
      ['effect.unknown', { name }],
      ['effect.held', { name }],
      ['effect.succeeded', { name, output: position }],
      ['attempt.failed', { type: 'effect', name, attempt: position, retryAt: wakes ? null : 5 }],
      ['attempt.failed', { type: 'effect', name, attempt: position, retryAt: 5, during: 'lookup' }],
      wait(name),
      ended(name, wakes ? position : null),
      ['wait.abandoned', { name, ...paid }],
      ['timer.set', { name, at: position, parks: wakes }],
      ['timer.abandoned', { name }],
      ['child.started', { name, mode: wakes ? 'spawn' : 'call', run: 'c' }],
      ['child.ended', { name, ...(wakes ? { error } : { output: 1 }) }],
      [
        'outcome.copied',
        { name, type: 'wait', time: 1, outcome: { ok: true, value: { ...paid, position } } },
      ],
      ['node.ended', { graph: 'g', node: name }],
      ['run.stalled', { error }],
      ['run.parked', {}],
      ['run.completed', { output: position }],
      ['run.failed', { error }],
    ]
    return fc
      .constantFrom(...bodies)
      .map(([kind, body, label = SYSTEM]): Fact => [kind, isErased && wakes ? null : body, label])
  })

test('a journal folded so far goes on as if it had been folded in one go', () => {
  fc.assert(
    fc.property(fc.array(fact), fc.nat({ max: 20 }), (facts, cut) => {
      const events = eventsOf(facts)
      const journal = foldJournal('r', events.slice(0, cut))
      for (const event of events.slice(cut)) applyToJournal(journal, event)
      assert.deepEqual(journal, foldJournal('r', events))
    }),
  )
})

test('erased bodies, wherever they are, are noticed and no obstacle', () => {
  fc.assert(
    fc.property(fc.array(fact), (facts) => {
      const journal = journalOf(...facts)
      assert.equal(
        journal.erased,
        facts.some(([, body]) => body === null),
      )
      assert.equal(journal.version, facts.length)
      assert.ok(waitsSince(journal) >= 0)
      assert.ok(intendedEffects(journal).length <= 3)
      assert.ok(labelOf(journal).sources.length <= 3)
    }),
  )
})

test('what an outcome was seen of raises the label, what is only under way does not', () => {
  const mail = externalFrom('mail:m-1')
  assert.deepEqual(labelOf(emptyJournal('r')), SYSTEM)
  assert.deepEqual(labelOf(journalOf(['run.started', start, OWNER])), OWNER)
  assert.deepEqual(
    labelOf(journalOf(['run.started', start, OWNER], ['timer.set', { name: 't' }, mail])),
    OWNER,
  )
  assert.deepEqual(
    labelOf(journalOf(['run.started', start, OWNER], ['timer.fired', { name: 't' }, mail])),
    mail,
  )
})

test('a run that continues another goes on with its waits and its queue', () => {
  const received = [{ ...paid, upTo: 70, returned: [60, 65] }]
  const journal = journalOf([
    'run.started',
    {
      ...start,
      customer: 'c-1',
      queue: {},
      chain: { first: 'q', link: 2 },
      waits: { since: 50, received },
    },
  ])
  assert.equal(journal.start?.customer, 'c-1')
  assert.equal(journal.start?.isQueued, true)
  assert.deepEqual(journal.start?.chain, { first: 'q', link: 2 })
  assert.equal(waitsSince(journal), 50)
  assert.deepEqual(nextFor(journal.eventWaits, paid, waitsSince(journal)), { position: 60, after: 70 })
})

test('waits look for events behind the beginning of the run', () => {
  assert.equal(waitsSince(emptyJournal('r')), 0)
  assert.equal(waitsSince(journalOf(['run.started', start])), 100)
})

test('each kind that ends a run ends it', () => {
  const ends = [...RUN_ENDS].map((kind) => journalOf([kind, { error }]).end?.status)
  assert.deepEqual(ends, ['completed', 'failed', 'cancelled', 'continued'])
  assert.deepEqual(journalOf(['run.continued', { next: 'r~2', input: 5 }]).end, {
    status: 'continued',
    next: 'r~2',
    input: 5,
  })
  assert.equal(journalOf(['run.parked', {}]).end, null)
  assert.equal(journalOf(['run.parked', {}]).entries.size, 0)
})

test('what an operation gave nothing for is null', () => {
  for (const kind of ['step.completed', 'effect.succeeded', 'wait.ended', 'child.ended', 'run.completed']) {
    const journal = journalOf([kind, { name: 'x' }])
    const outcome = journal.entries.get('x')?.settled?.outcome ?? { ok: true, value: null }
    assert.deepEqual(outcome, { ok: true, value: null }, kind)
  }
  assert.deepEqual(journalOf(['run.completed', {}]).end, { status: 'completed', output: null })
})

test('a spawned child is settled by its id, a called one by its end', () => {
  const child = (mode: string) =>
    journalOf(['child.started', { name: 'x', mode, run: 'c-1' }]).entries.get('x')
  assert.deepEqual(child('spawn')?.settled?.outcome, { ok: true, value: 'c-1' })
  assert.equal(child('spawn')?.opened, null)
  assert.equal(child('call')?.settled, null)
  assert.equal(child('call')?.opened?.run, 'c-1')
})

test('a publication is settled by what was published', () => {
  const body = { name: 'x', kind: 'paid' }
  const entry = journalOf(['publication.made', body]).entries.get('x')
  assert.equal(entry?.type, 'publication')
  assert.deepEqual(entry?.settled?.outcome, { ok: true, value: body })
})

test('an effect is held until its next attempt, or its end', () => {
  const held: Fact = ['effect.held', { name: 'x' }]
  const failed: Fact = ['attempt.failed', { type: 'effect', name: 'x', attempt: 2, retryAt: 5 }]
  const intended: Fact = ['effect.intended', { name: 'x', operation: 'a.b' }]
  const state = (...facts: Fact[]) => {
    const { isHeld, retryAt, failedAttempts } = journalOf(...facts).entries.get('x') ?? {}
    return { isHeld, retryAt, failedAttempts }
  }
  assert.deepEqual(state(failed), { isHeld: false, retryAt: 5, failedAttempts: 2 })
  assert.deepEqual(state(failed, held), { isHeld: true, retryAt: null, failedAttempts: 2 })
  assert.deepEqual(state(held, intended), { isHeld: false, retryAt: null, failedAttempts: 0 })
  assert.equal(state(held, ['effect.failed', { name: 'x', error }]).isHeld, false)
  const last: Fact = ['attempt.failed', { type: 'effect', name: 'x', attempt: 3, retryAt: null }]
  assert.equal(state(failed, last).retryAt, null)
})

test('what is held says by what, and until when', () => {
  const state = (...facts: Fact[]) => {
    const { heldBy, retryAt, type } = journalOf(...facts).entries.get('x') ?? {}
    return [type, heldBy, retryAt]
  }
  assert.deepEqual(state(['effect.held', { name: 'x', connector: 'smtp' }]), ['effect', 'breaker', null])
  const quiet: Fact = ['effect.held', { name: 'x', by: 'guard.quiet', until: 7 }]
  assert.deepEqual(state(quiet), ['effect', 'guard.quiet', 7])
  assert.deepEqual(state(quiet, ['effect.held', { name: 'x', by: 'stop' }]), ['effect', 'stop', null])
  assert.deepEqual(state(['decision.held', { name: 'x', by: 'stop' }]), ['decision', 'stop', null])
  const decided = journalOf(['decision.held', { name: 'x', by: 'stop' }], ['decision.made', { name: 'x' }])
  assert.equal(decided.entries.get('x')?.isHeld, false)
})

test('an attempt that was stopped before the outside counts for no limit', () => {
  const failed = (attempt: number, more: JsonObject = {}): Fact => [
    'attempt.failed',
    { type: 'effect', name: 'x', attempt, retryAt: null, ...more },
  ]
  const { failedAttempts, forgivenAttempts } =
    journalOf(failed(1), failed(2, { stopped: true }), failed(3)).entries.get('x') ?? {}
  assert.deepEqual([failedAttempts, forgivenAttempts], [3, 1])
})

test('only an effect that is intended may have happened without a record', () => {
  const intended = (name: string, operation?: string): Fact => [
    'effect.intended',
    { name, ...(operation === undefined ? {} : { operation }) },
  ]
  const journal = journalOf(
    intended('sent', 'smtp.send'),
    intended('open', 'smtp.send'),
    intended('bare'),
    intended('asked', 'smtp.send'),
    ['effect.succeeded', { name: 'sent', output: 1 }],
    ['effect.unknown', { name: 'asked' }],
    ['timer.set', { name: 't', at: 5 }],
  )
  assert.deepEqual(intendedEffects(journal), [
    { name: 'open', operation: 'smtp.send' },
    { name: 'bare', operation: null },
  ])
  assert.equal(journal.entries.get('t')?.effect, null)
})

test('an undo is intended, unknown, held and settled as an effect is, but is none itself', () => {
  const intended: Fact = ['undo.intended', { name: 'x', operation: 'a.b' }]
  const entryOf = (...facts: Fact[]) => journalOf(...facts).entries.get('x')
  assert.deepEqual([entryOf(intended)?.type, entryOf(intended)?.effect], ['undo', 'intended'])
  assert.deepEqual(intendedEffects(journalOf(intended)), [])
  assert.equal(entryOf(intended, ['undo.unknown', { name: 'x' }])?.effect, 'unknown')
  const held: Fact = ['undo.held', { name: 'x' }]
  assert.deepEqual([entryOf(held)?.type, entryOf(held)?.isHeld], ['undo', true])
  assert.equal(entryOf(held, intended)?.isHeld, false)
  assert.equal(entryOf(['effect.held', { name: 'x' }])?.type, 'effect')
  assert.deepEqual(entryOf(['undo.succeeded', { name: 'x' }])?.settled?.outcome, { ok: true, value: null })
  assert.deepEqual(entryOf(['undo.failed', { name: 'x', error }])?.settled?.outcome, { ok: false, error })
})

test('the fingerprint of a step’s code is kept', () => {
  const code = (body: JsonObject) =>
    journalOf(['step.completed', { name: 'x', ...body }]).entries.get('x')?.code
  assert.equal(code({ code: 'pure:1' }), 'pure:1')
  assert.equal(code({}), null)
})

test('only waits take part in the receiving of events', () => {
  const journal = journalOf(
    ['timer.set', { name: 't', ...paid }],
    ['timer.abandoned', { name: 't' }],
    ended('never opened', 7),
  )
  assert.equal(journal.eventWaits.size, 0)
  assert.equal(journal.entries.get('t')?.abandoned, true)
})

test('of copied outcomes only the events that waits received count as received', () => {
  const value = { ...paid, position: 7 }
  const copied = (type: string, outcome: JsonObject): Journal =>
    journalOf(['outcome.copied', { name: 'x', type, time: 5, outcome }])
  assert.equal(copied('step', { ok: true, value }).eventWaits.size, 0)
  assert.equal(copied('wait', { ok: false, error }).eventWaits.size, 0)
  assert.equal(copied('wait', { ok: true, value: null }).eventWaits.size, 0)
  assert.equal(copied('wait', { ok: true, value }).eventWaits.size, 1)
  assert.equal(copied('step', { ok: true, value }).entries.get('x')?.code, null)
})

test('an abandoned wait gives back once what it had received, if anything', () => {
  const abandoned: Fact = ['wait.abandoned', { name: 'a', ...paid }]
  const back = journalOf(wait('a'), ended('a', 7), abandoned, abandoned)
  assert.deepEqual(back.eventWaits.values().next().value?.returned, [7])
  for (const facts of [[wait('a')], [wait('a'), ended('a', null)]]) {
    const journal = journalOf(...facts, abandoned)
    assert.deepEqual(journal.eventWaits.values().next().value?.returned, [])
    assert.equal(nextFor(journal.eventWaits, paid, 0).after, 0)
    assert.deepEqual(openWaits(journal.eventWaits, paid), [])
  }
})

test('an operation is over once it is settled or abandoned', () => {
  const entryOf = (...facts: Fact[]) => journalOf(...facts).entries.get('a')
  assert.equal(isOver(undefined), false)
  assert.equal(isOver(entryOf(wait('a'))), false)
  assert.equal(isOver(entryOf(wait('a'), ended('a', 7))), true)
  assert.equal(isOver(entryOf(wait('a'), ['wait.abandoned', { name: 'a' }])), true)
})

test('a wait has received an event only when it ended with one', () => {
  const received = (...facts: Fact[]): number | null | undefined => {
    const entry = journalOf(...facts).entries.get('a')
    return entry && receivedBy(entry)
  }
  assert.equal(received(wait('a')), null)
  assert.equal(received(wait('a'), ended('a', null)), null)
  assert.equal(received(wait('a'), ended('a', 7)), 7)
  assert.equal(received(['step.failed', { name: 'a', error }]), null)
})
