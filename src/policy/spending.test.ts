import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { SYSTEM } from '../kernel/label.ts'
import { memoryTables } from '../ports/testing/memory-tables.ts'
import { spendingOf, spendingProjection } from './spending.ts'

const DAY = 86_400_000

function fold(...events: readonly [run: string, time: number, kind: string, body: JsonObject | null][]) {
  const { tables, apply } = memoryTables([spendingProjection])
  for (const [i, [run, time, kind, body]] of events.entries()) {
    const event: StoredEvent = {
      position: i + 1,
      stream: `run/${run}`,
      version: i + 1,
      kind,
      time,
      actor: 'test',
      cause: null,
      correlation: null,
      label: SYSTEM,
      body,
    }
    apply(event)
  }
  return tables
}

const decided = (type: string, answer: string): JsonObject => ({ name: 'x', request: { type }, answer })
const called = (priceMicros: number | null, tokens: number | null = 10): JsonObject => ({
  name: 'x',
  priceMicros,
  inputTokens: tokens,
  outputTokens: tokens,
})

test('sums by UTC day and by run', () => {
  const tables = fold(
    ['r', 0, 'model.called', called(5)],
    ['s', DAY - 1, 'model.called', called(7)],
    ['r', DAY, 'model.called', called(11)],
  )
  assert.deepEqual(spendingOf(tables, 'r', DAY - 1), { todayMicros: 12, callsToday: 0, runMicros: 16 })
  assert.deepEqual(spendingOf(tables, 's', DAY), { todayMicros: 11, callsToday: 0, runMicros: 7 })
  assert.deepEqual(spendingOf(tables, 'new', 5 * DAY), { todayMicros: 0, callsToday: 0, runMicros: 0 })
})

test('counts the model calls that were allowed, as soon as they are', () => {
  const tables = fold(
    ['r', 0, 'policy.decided', decided('model', 'allow')],
    ['r', 0, 'policy.decided', decided('model', 'deny')],
    ['r', 0, 'policy.decided', decided('effect', 'allow')],
    ['r', 0, 'model.called', called(5)],
  )
  assert.equal(spendingOf(tables, 'r', 0).callsToday, 1)
})

test('a call counts for the day by whose budget it was allowed, also when its record is of the next', () => {
  const allowed = { name: 'x', request: { type: 'model', day: 0 }, answer: 'allow' }
  const tables = fold(['r', DAY, 'policy.decided', allowed])
  assert.equal(spendingOf(tables, 'r', DAY - 1).callsToday, 1)
  assert.equal(spendingOf(tables, 'r', DAY).callsToday, 0)
  const event = { kind: 'policy.decided', body: allowed } as unknown as StoredEvent
  assert.deepEqual(spendingProjection.erasure?.keep(event), {
    answer: 'allow',
    request: { type: 'model', day: 0 },
  })
})

test('a price or a count that is missing or no whole number does not break the record of the call', () => {
  const tables = fold(
    ['r', 0, 'model.called', called(null, null)],
    ['r', 0, 'model.called', called(1.2, 3.5)],
    ['r', 0, 'model.called', { name: 'x', priceMicros: 'much', inputTokens: {}, outputTokens: 1e300 }],
    ['r', 0, 'model.called', null],
    ['r', 0, 'policy.decided', null],
  )
  assert.equal(spendingOf(tables, 'r', 0).todayMicros, 2)
})
