/** What is reserved and settled of each budget: the projection that the meters of the policy read. */

import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Closed, type Hold, periodOf, whole } from '../kernel/reservation.ts'
import { runOf } from '../kernel/run-stream.ts'
import type { Projection, Tables, TablesReader } from '../ports/projection.ts'
import type { TakenOf } from './budgets.ts'

/** The number of a UTC day since 1970. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

const DAY_MS = 86_400_000
/** Sums go no further: a larger one could not be read any more, and nothing be decided by it. */
const FULL = Number.MAX_SAFE_INTEGER

/** `most`: the dearest model call so far. `budgets_open` holds the reservations that stand. */
export const budgetIndex: Projection = {
  name: 'budgets',
  version: 2,
  tables: ['budgets', 'budgets_open'],
  schema: `
    CREATE TABLE budgets (
      budget TEXT NOT NULL, whom TEXT NOT NULL, period TEXT NOT NULL, unit TEXT NOT NULL, reserved INTEGER NOT NULL,
      settled INTEGER NOT NULL, most INTEGER NOT NULL, PRIMARY KEY (budget, whom, period)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE budgets_open (
      run TEXT NOT NULL, name TEXT NOT NULL, operation TEXT NOT NULL, since INTEGER NOT NULL, holds TEXT NOT NULL,
      PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX budgets_open_by_time ON budgets_open (since);`,
  kinds: [
    'budget.reserved',
    'budget.settled',
    'budget.released',
    'budget.expired',
    'policy.decided',
    'model.called',
  ],
  apply(event, tables) {
    const { body } = event
    if (body === null) return
    if (event.kind === 'budget.reserved') noteReserved(event, body, tables)
    else if (event.kind.startsWith('budget.')) noteClosed(event, body, tables)
    else if (event.kind === 'policy.decided') noteAllowed(event, body, tables)
    else noteCalled(event, body, tables)
  },
  erasure: { keep: keptOf },
}

function noteReserved({ stream, time }: StoredEvent, body: JsonObject, tables: Tables): void {
  const holds = body.holds as unknown as readonly Hold[]
  for (const hold of holds) add(tables, hold, hold.amount, 0)
  // Erased with its run, it was closed long before.
  if (typeof body.for !== 'string') return
  tables.run(
    'INSERT INTO budgets_open VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET since = ?4, holds = ?5',
    runOf(stream),
    body.for,
    String(body.operation),
    time,
    JSON.stringify(holds),
  )
}

function noteClosed({ stream }: StoredEvent, body: JsonObject, tables: Tables): void {
  const isModel = String(body.operation).startsWith('model.')
  for (const { reserved, settled, ...place } of body.amounts as unknown as readonly Closed[]) {
    add(tables, place, -reserved, settled, isModel ? settled : 0)
  }
  if (typeof body.for !== 'string') return
  tables.run('DELETE FROM budgets_open WHERE run = ? AND name = ?', runOf(stream), body.for)
}

/** Of a call that no budget has counted: the three on models know of it should they be set later. */
function noteAllowed({ time }: StoredEvent, body: JsonObject, tables: Tables): void {
  const request = (body.request ?? {}) as JsonObject
  if (request.type !== 'model' || body.answer !== 'allow' || has(body.budgets, 'calls')) return
  // At midnight the record may be a day later than the decision.
  const period = periodOf('day', typeof request.day === 'number' ? request.day * DAY_MS : time)
  add(tables, { budget: 'calls', of: '', period, unit: 'calls' }, 0, 1)
}

function noteCalled({ time, stream }: StoredEvent, body: JsonObject, tables: Tables): void {
  const micros = whole(body.priceMicros)
  if (micros === 0) return
  const run = runOf(stream)
  if (!has(body.budgets, 'day'))
    add(tables, { budget: 'day', of: '', period: periodOf('day', time), unit: 'usd' }, 0, micros, micros)
  if (!has(body.budgets, 'run'))
    add(tables, { budget: 'run', of: run, period: '', unit: 'usd' }, 0, micros, micros)
}

function has(list: JsonObject[string] | undefined, name: string): boolean {
  return Array.isArray(list) && list.includes(name)
}

/** @param call what one model call has cost; 0 for anything else */
function add(tables: Tables, place: Omit<Hold, 'amount'>, reserved: number, settled: number, call = 0): void {
  tables.run(
    `INSERT INTO budgets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET
       reserved = reserved + ?5, settled = min(settled + ?6, ${FULL}), most = max(most, ?7)`,
    place.budget,
    place.of,
    place.period,
    place.unit,
    reserved,
    settled,
    call,
  )
}

/** What was taken stays known, and what for does not. */
function keptOf({ kind, body }: StoredEvent): JsonObject | null {
  if (body === null) return null
  switch (kind) {
    case 'budget.reserved':
      return { holds: body.holds ?? [] }
    case 'policy.decided': {
      const { type, day } = (body.request ?? {}) as JsonObject
      if (type !== 'model') return null
      const request = { type, ...(day === undefined ? {} : { day }) }
      return { answer: body.answer ?? null, request, ...budgetsOf(body) }
    }
    case 'model.called':
      return { priceMicros: body.priceMicros ?? null, ...budgetsOf(body) }
    default:
      return { operation: body.operation ?? null, amounts: body.amounts ?? [] }
  }
}

function budgetsOf({ budgets }: JsonObject): JsonObject {
  return budgets === undefined ? {} : { budgets }
}

// -- reading ----------------------------------------------------------------------------------------

/** What is taken of a budget by what is on record. */
export function takenOnRecord(tables: TablesReader): TakenOf {
  return ({ budget, of, period }) =>
    tables.get<{ spent: number; most: number }>(
      `SELECT min(reserved + settled, ${FULL}) AS spent, most FROM budgets
       WHERE budget = ? AND whom = ? AND period = ?`,
      budget,
      of,
      period,
    ) ?? NOTHING
}

const NOTHING = { spent: 0, most: 0 }

export interface BudgetRow extends Omit<Hold, 'amount'> {
  readonly reserved: number
  readonly settled: number
}

/** Everything that was ever counted, by name, period and whom it is counted for. */
export function budgetRows(tables: TablesReader): BudgetRow[] {
  return tables.all<BudgetRow>(
    `SELECT budget, whom AS "of", period, unit, min(reserved, ${FULL}) AS reserved, settled FROM budgets
     ORDER BY budget, period DESC, whom`,
  )
}

/** A reservation that stands. */
export interface StandingReservation {
  readonly run: string
  /** Name of the operation in the run. */
  readonly for: string
  readonly operation: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly holds: readonly Hold[]
}

/** The oldest first. @param before only those of before, in milliseconds since 1970 */
export function standingReservations(
  tables: TablesReader,
  before: number = Number.MAX_SAFE_INTEGER,
): StandingReservation[] {
  return tables
    .all<{ run: string; name: string; operation: string; since: number; holds: string }>(
      'SELECT run, name, operation, since, holds FROM budgets_open WHERE since <= ? ORDER BY since, run, name',
      before,
    )
    .map(({ name, holds, ...row }) => ({ ...row, for: name, holds: JSON.parse(holds) as Hold[] }))
}
