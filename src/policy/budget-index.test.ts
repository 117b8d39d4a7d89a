import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { SYSTEM } from '../kernel/label.ts'
import { memoryTables } from '../ports/testing/memory-tables.ts'
import { budgetIndex, budgetRows, standingReservations, takenOnRecord } from './budget-index.ts'

const DAY = 86_400_000

type Given = readonly [run: string, time: number, kind: string, body: JsonObject | null]

function eventOf([run, time, kind, body]: Given, i = 0): StoredEvent {
  return {
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
}

function fold(...events: readonly Given[]) {
  const { tables, apply } = memoryTables([budgetIndex])
  for (const [i, given] of events.entries()) apply(eventOf(given, i))
  return tables
}

const spent = (tables: ReturnType<typeof fold>, budget: string, of = '', period = '1970-01-01'): number =>
  takenOnRecord(tables)({ budget, of, period }).spent

const place = { budget: 'mails', of: 'c-1', period: '1970-01-01', unit: 'usd' }
const reserved = (name: string, amount: number): JsonObject => ({
  for: name,
  operation: 'smtp.send',
  holds: [{ ...place, amount }],
})
const closed = (name: string, of: number, settled: number, operation = 'smtp.send'): JsonObject => ({
  for: name,
  operation,
  why: 'done',
  amounts: [{ ...place, reserved: of, settled }],
})

test('what is reserved is taken, and stays so as far as it is settled', () => {
  const events: Given[] = [
    ['r', 0, 'budget.reserved', reserved('a', 5)],
    ['r', 1, 'budget.reserved', reserved('b', 7)],
    ['s', 2, 'budget.reserved', reserved('a', 1)],
  ]
  assert.equal(spent(fold(...events), 'mails', 'c-1'), 13)
  assert.deepEqual(
    standingReservations(fold(...events), 1).map(({ run, for: name }) => `${run} ${name}`),
    ['r a', 'r b'],
  )
  const tables = fold(
    ...events,
    ['r', 3, 'budget.settled', closed('a', 5, 9)],
    ['r', 4, 'budget.released', closed('b', 7, 0)],
    ['s', 5, 'budget.expired', closed('a', 1, 0)],
  )
  assert.deepEqual(
    budgetRows(tables).map((row) => ({ ...row })),
    [{ ...place, reserved: 0, settled: 9 }],
  )
  assert.deepEqual(standingReservations(tables), [])
})

test('however much is reserved, the sum can be read', () => {
  const most = 1_000_000_000_000_000
  const all = Array.from({ length: 10 }, (_, i): Given => ['r', 0, 'budget.reserved', reserved(`${i}`, most)])
  const tables = fold(...all)
  assert.equal(budgetRows(tables)[0]?.reserved, Number.MAX_SAFE_INTEGER)
  assert.equal(spent(tables, 'mails', 'c-1'), Number.MAX_SAFE_INTEGER)
})

test('the dearest model call is known, and an effect is none', () => {
  const tables = fold(
    ['r', 0, 'budget.settled', closed('a', 0, 4, 'model.openai')],
    ['r', 0, 'budget.settled', closed('b', 0, 3, 'model.openai')],
    ['r', 0, 'budget.settled', closed('c', 0, 90)],
  )
  assert.deepEqual({ ...takenOnRecord(tables)(place) }, { spent: 97, most: 4 })
})

const called = (priceMicros: JsonObject[string], more: JsonObject = {}): JsonObject => ({
  name: 'x',
  priceMicros,
  ...more,
})

test('calls that no budget has counted are known to those on models, by UTC day and by run', () => {
  const decided = (type: string, answer: string, more: JsonObject = {}): JsonObject => ({
    name: 'x',
    request: { type },
    answer,
    ...more,
  })
  const tables = fold(
    ['r', 0, 'policy.decided', decided('model', 'allow')],
    ['r', 0, 'policy.decided', decided('model', 'deny')],
    ['r', 0, 'policy.decided', decided('effect', 'allow')],
    ['r', 0, 'policy.decided', decided('model', 'allow', { budgets: ['calls'] })],
    ['r', 0, 'model.called', called(5)],
    ['s', DAY - 1, 'model.called', called(7)],
    ['r', DAY, 'model.called', called(11)],
    ['r', DAY, 'model.called', called(100, { budgets: ['day', 'run'] })],
  )
  assert.equal(spent(tables, 'calls'), 1)
  assert.deepEqual([spent(tables, 'day'), spent(tables, 'day', '', '1970-01-02')], [12, 11])
  assert.deepEqual([spent(tables, 'run', 'r', ''), spent(tables, 'run', 's', '')], [16, 7])
})

test('a call counts for the day by whose budget it was allowed, also when its record is of the next', () => {
  const allowed = { name: 'x', request: { type: 'model', day: 0 }, answer: 'allow' }
  const tables = fold(['r', DAY, 'policy.decided', allowed])
  assert.deepEqual([spent(tables, 'calls'), spent(tables, 'calls', '', '1970-01-02')], [1, 0])
})

test('a price that is missing or no whole number does not break the record of the call', () => {
  const tables = fold(
    ['r', 0, 'model.called', called(null)],
    ['r', 0, 'model.called', called(1.2)],
    ['r', 0, 'model.called', called('much')],
    ['r', 0, 'model.called', called(-5)],
    ['r', 0, 'model.called', null],
    ['r', 0, 'policy.decided', null],
  )
  assert.equal(spent(tables, 'day'), 2)
})

test('what is out of all bounds counts as the most, and all of them together can still be read', () => {
  const tables = fold(
    ...[9e15, 1e300, 'Infinity'].map((price): Given => ['r', 0, 'model.called', called(price)]),
    ...Array.from({ length: 10 }, (): Given => ['s', DAY, 'model.called', called(9e15)]),
  )
  assert.deepEqual([spent(tables, 'day'), spent(tables, 'run', 'r', '')], [3e15, 3e15])
  assert.equal(spent(tables, 'run', 's', ''), Number.MAX_SAFE_INTEGER)
  assert.equal(budgetRows(tables).length, 4)
})

test('folded from what stays of erased bodies, every sum is the same, and no name is left', () => {
  const events: Given[] = [
    ['r', 0, 'budget.reserved', reserved('write to Ada', 5)],
    ['r', 1, 'budget.settled', closed('write to Ada', 5, 9, 'model.openai')],
    ['r', 0, 'policy.decided', { name: 'ask Ada', request: { type: 'model', day: 0 }, answer: 'allow' }],
    ['r', 0, 'model.called', called(5, { name: 'ask Ada' })],
  ]
  const kept = events.map(([run, time, kind, body], i): Given => {
    const residue = budgetIndex.erasure?.keep(eventOf([run, time, kind, body], i)) ?? null
    assert.ok(!JSON.stringify(residue).includes('Ada'))
    return [run, time, kind, residue]
  })
  assert.deepEqual(budgetRows(fold(...kept)), budgetRows(fold(...events)))
  assert.deepEqual(standingReservations(fold(...kept)), [])
})
