/** What a reopening makes of a journal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextFor, openWaits } from './event-waits.ts'
import { foldJournal } from './journal.ts'
import type { JsonObject } from './json.ts'
import { SYSTEM } from './label.ts'
import { inForce, readReopening } from './reopening.ts'
import type { JournalEvent } from './run-start.ts'

type Fact = readonly [kind: string, body: JsonObject]

function events(...facts: readonly Fact[]): JournalEvent[] {
  return facts.map(([kind, body], i) => ({ kind, body, version: i + 1, time: (i + 1) * 10, label: SYSTEM }))
}

const STARTED: Fact = ['run.started', { workflow: 'w', version: 1, input: null, seed: 's' }]
const error = { code: 'BROKEN', message: 'broken' }
const reopened = (more: JsonObject = {}): Fact => [
  'run.reopened',
  { from: null, voided: [], unclear: [], kept: [], notes: [], ...more },
]

test('the end before it is taken back, and one after it counts', () => {
  const failed: Fact = ['run.failed', { error }]
  const open = foldJournal('r', events(STARTED, failed, reopened()))
  assert.deepEqual([open.end, open.stalled, open.reopened], [null, null, 30])
  const over = foldJournal('r', events(STARTED, failed, reopened(), ['run.completed', { output: 1 }]))
  assert.deepEqual(over.end, { status: 'completed', output: 1 })
  assert.equal(foldJournal('r', events(STARTED)).reopened, null)
  const discarded = foldJournal('r', events(STARTED, failed, ['run.discarded', { reason: '' }]))
  assert.equal(discarded.end?.status, 'failed')
})

test('a voided step, timer or review is as if it had never been; what is kept is loose', () => {
  const journal = foldJournal(
    'r',
    events(
      STARTED,
      ['step.completed', { name: 'a', result: 1 }],
      ['step.failed', { name: 'b', error }],
      ['timer.set', { name: 't', at: 5 }],
      ['effect.intended', { name: 'e', operation: 'o.p', input: 1, attempt: 1 }],
      ['effect.held', { name: 'e' }],
      ['graph.started', { graph: 'g' }],
      ['node.ended', { graph: 'g', node: 'n', state: 'failed' }],
      reopened({ voided: ['b', 't', 'nobody'], kept: ['a', 'nobody'], notes: ['["node.ended","g","n"]'] }),
    ),
  )
  assert.deepEqual([...journal.entries.keys()], ['a', 'e'])
  assert.equal(journal.entries.get('a')?.isLoose, true)
  assert.deepEqual(
    [journal.entries.get('e')?.isHeld, journal.entries.get('e')?.effect, journal.entries.get('e')?.isLoose],
    [false, 'intended', false],
  )
  assert.deepEqual([...journal.notes], ['["graph.started","g"]'])
})

test('what its code asks for anew is loose no longer; what only arrives stays so', () => {
  const facts: Fact[] = [
    STARTED,
    ['timer.set', { name: 't', at: 5 }],
    ['effect.intended', { name: 'e', operation: 'o.p', input: 1, attempt: 1 }],
    ['attempt.failed', { type: 'step', name: 's', attempt: 1, retryAt: 9 }],
    reopened({ kept: ['t', 'e', 's'] }),
    ['timer.fired', { name: 't' }],
    ['effect.intended', { name: 'e', operation: 'o.p', input: 1, attempt: 2 }],
    ['attempt.failed', { type: 'step', name: 's', attempt: 2, retryAt: null }],
  ]
  const { entries } = foldJournal('r', events(...facts))
  assert.deepEqual(
    ['t', 'e', 's'].map((name) => entries.get(name)?.isLoose),
    [true, false, false],
  )
})

test('a voided effect keeps its attempts; one that may have been done is unknown at its last', () => {
  const attempted: Fact[] = [
    STARTED,
    ['effect.intended', { name: 'e', operation: 'o.p', input: 1, attempt: 1, retryUntil: 99 }],
    ['attempt.failed', { type: 'effect', name: 'e', attempt: 1, error, retryAt: 5 }],
    ['effect.intended', { name: 'e', operation: 'o.p', input: 1, attempt: 2 }],
    ['attempt.failed', { type: 'effect', name: 'e', attempt: 2, error, retryAt: 7, during: 'lookup' }],
    ['effect.failed', { name: 'e', error }],
  ]
  const sure = foldJournal('r', events(...attempted, reopened({ voided: ['e'] }))).entries.get('e')
  assert.deepEqual(
    [sure?.settled, sure?.effect, sure?.failedAttempts, sure?.forgivenAttempts, sure?.opened, sure?.retryAt],
    [null, null, 2, 2, null, null],
  )
  assert.deepEqual([sure?.failedLookups, sure?.isLoose], [0, true])
  const unclear = reopened({ voided: ['e'], unclear: ['e'] })
  const maybe = foldJournal('r', events(...attempted, unclear)).entries.get('e')
  assert.deepEqual([maybe?.effect, maybe?.failedAttempts, maybe?.forgivenAttempts], ['unknown', 1, 1])
  assert.deepEqual(maybe?.opened, { name: 'e', operation: 'o.p', input: 1, attempt: 2 })
})

test('a voided child waits for its run again', () => {
  const { entries } = foldJournal(
    'r',
    events(
      STARTED,
      ['child.started', { name: 'c', run: 'r/c', mode: 'call' }],
      ['child.ended', { name: 'c', error }],
      reopened({ voided: ['c'] }),
    ),
  )
  assert.deepEqual([entries.get('c')?.settled, entries.get('c')?.opened?.run], [null, 'r/c'])
})

test('what a voided wait had received is there for the next', () => {
  const awaited = { kind: 'k', key: '' }
  const { eventWaits } = foldJournal(
    'r',
    events(
      STARTED,
      ['wait.started', { name: 'w', ...awaited }],
      ['wait.ended', { name: 'w', event: { ...awaited, position: 7 } }],
      ['wait.started', { name: 'v', ...awaited }],
      reopened({ voided: ['w', 'v'] }),
    ),
  )
  assert.equal(nextFor(eventWaits, awaited, 0).position, 7)
  assert.deepEqual(openWaits(eventWaits, awaited), [])
})

test('a reopening names the operation from which it goes on', () => {
  assert.equal(readReopening(reopened({ from: 'b' })[1]).from, 'b')
})

test('without a reopening, all that is on record is in force, and of an erased one nothing is voided', () => {
  const all = events(STARTED, ['step.completed', { name: 'a', result: 1 }], ['run.completed', { output: 1 }])
  assert.equal(inForce(all), all)
  const [start, step] = all
  const erased = { ...events(reopened({ voided: ['a'] }))[0], body: null } as JournalEvent
  assert.deepEqual(inForce([start, step, erased] as JournalEvent[]), [start, step, erased])
})

test('what a reopening voids is out of force: notes by their keys, of a child and an unclear effect the outcomes', () => {
  const facts: Fact[] = [
    ['graph.started', { graph: 'g', name: 'n' }],
    ['node.ended', { graph: 'g', node: 'n', state: 'failed' }],
    ['step.completed', { name: 'n', result: 1 }],
    ['child.started', { name: 'c', run: 'r/c', mode: 'call' }],
    ['child.ended', { name: 'c', error }],
    ['effect.intended', { name: 'e', operation: 'o.p', input: 1, attempt: 1 }],
    ['effect.failed', { name: 'e', error }],
    ['effect.intended', { name: 'f', operation: 'o.p', input: 1, attempt: 1 }],
    ['effect.failed', { name: 'f', error }],
    ['step.completed', { name: 'kept', result: 1 }],
    ['run.failed', { error }],
  ]
  const [erased] = events(['step.completed', { name: 'n', result: 1 }])
  const all = [
    ...events(...facts),
    { ...erased, body: null } as JournalEvent,
    ...events(reopened({ voided: ['n', 'c', 'e', 'f'], unclear: ['e'], notes: ['["node.ended","g","n"]'] })),
    ...events(['step.completed', { name: 'n', result: 2 }]),
  ]
  assert.deepEqual(
    inForce(all).map(({ kind, body }) => [kind, body?.name ?? null]),
    [
      ['graph.started', 'n'],
      ['child.started', 'c'],
      ['effect.intended', 'e'],
      ['step.completed', 'kept'],
      ['run.failed', null],
      ['step.completed', null],
      ['run.reopened', null],
      ['step.completed', 'n'],
    ],
  )
})

test('each reopening voids what is before it', () => {
  const step = (result: number): Fact => ['step.completed', { name: 'a', result }]
  const void_ = reopened({ voided: ['a'] })
  assert.deepEqual(
    inForce(events(step(1), void_, step(2), void_, step(3))).map(({ body }) => body?.result ?? null),
    [null, null, 3],
  )
})

test('of an erased reopening nothing is read', () => {
  assert.deepEqual(readReopening({ from: 3, voided: 'x' }), {
    from: null,
    voided: [],
    unclear: [],
    kept: [],
    notes: [],
  })
  assert.equal(foldJournal('r', [{ ...events(reopened())[0], body: null } as JournalEvent]).erased, true)
})

const name = fc.constantFrom('a', 'b', 'c', 'd')
const fact: fc.Arbitrary<Fact> = fc.oneof(
  name.map((one): Fact => ['step.completed', { name: `step ${one}`, result: 1 }]),
  name.map((one): Fact => ['step.failed', { name: `step ${one}`, error }]),
  name.map((one): Fact => ['timer.set', { name: `timer ${one}`, at: 1 }]),
  name.map((one): Fact => ['timer.fired', { name: `timer ${one}` }]),
  name.map((one): Fact => ['effect.intended', { name: `effect ${one}`, operation: 'o.p', attempt: 1 }]),
  name.map((one): Fact => ['effect.succeeded', { name: `effect ${one}`, output: 1 }]),
  name.map((one): Fact => ['effect.failed', { name: `effect ${one}`, error }]),
  name.map((one): Fact => ['child.started', { name: `child ${one}`, run: one, mode: 'call' }]),
  name.map((one): Fact => ['child.ended', { name: `child ${one}`, error }]),
  fc
    .record({
      voided: fc.uniqueArray(
        fc.tuple(fc.constantFrom('step', 'timer', 'effect', 'child'), name).map((one) => one.join(' ')),
      ),
      isUnclear: fc.boolean(),
    })
    .map(({ voided, isUnclear }): Fact => {
      const unclear = isUnclear ? voided.filter((one) => one.startsWith('effect')) : []
      return reopened({ voided, unclear })
    }),
)

test('what is in force gives the outcomes of the journal, and no reopening changes another name', () => {
  fc.assert(
    fc.property(fc.array(fact, { maxLength: 40 }), (facts) => {
      const all = events(STARTED, ...facts)
      const settled = (given: readonly JournalEvent[]): string[] =>
        [...foldJournal('r', given).entries.values()]
          .filter((entry) => entry.settled !== null)
          .map((entry) => `${entry.name} ${entry.settled?.version}`)
          .toSorted()
      assert.deepEqual(settled(inForce(all).filter(({ kind }) => kind !== 'run.reopened')), settled(all))
      const last = facts.at(-1)
      if (last?.[0] !== 'run.reopened') return
      const before = foldJournal('r', all.slice(0, -1))
      const { voided } = readReopening(last[1])
      const after = foldJournal('r', all)
      for (const [key, entry] of before.entries) {
        if (voided.includes(key)) assert.equal(after.entries.get(key)?.settled ?? null, null)
        else assert.deepEqual(after.entries.get(key)?.settled, entry.settled)
      }
    }),
  )
})
