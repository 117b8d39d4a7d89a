/** The list of runs, newest first, each with what it waits for. */

import type { RunStatus } from '../kernel/journal.ts'
import { atMost } from '../kernel/limit.ts'
import type { SqlValue, TablesReader } from '../ports/projection.ts'
import { type Waiting, waitingFor } from './why.ts'

export interface RunFilter {
  readonly status?: RunStatus | undefined
  readonly workflow?: string | undefined
  /** `c-…` */
  readonly customer?: string | undefined
  /** Most rows, default 50. */
  readonly limit?: number | undefined
  /** `position` of the last row of the page before: only older ones. */
  readonly before?: number | undefined
}

export interface RunRow {
  readonly id: string
  readonly workflow: string
  readonly version: number
  readonly status: RunStatus
  readonly customer: string | null
  /** Id of the run that called it. */
  readonly parent: string | null
  /** Milliseconds since 1970. */
  readonly started: number
  /** When its status last changed. */
  readonly updated: number
  /** Of its start, in the log. */
  readonly position: number
  /** Code of the error that it failed or stalled with. */
  readonly errorCode: string | null
  readonly waitsFor: readonly Waiting[]
}

export function listRuns(tables: TablesReader, filter: RunFilter = {}): RunRow[] {
  const { status, workflow, customer, before, limit = 50 } = filter
  const conditions: [string, SqlValue | undefined][] = [
    ['status = ?', status],
    ['workflow = ?', workflow],
    ['customer = ?', customer],
    ['position < ?', before],
  ]
  const given = conditions.filter((one): one is [string, SqlValue] => one[1] !== undefined)
  const where = given.length === 0 ? '' : `WHERE ${given.map(([sql]) => sql).join(' AND ')}`
  const rows = tables.all<Omit<RunRow, 'waitsFor'>>(
    `SELECT id, workflow, version, status, customer, parent, started, updated, position, error_code AS errorCode
     FROM runs ${where} ORDER BY position DESC LIMIT ?`,
    ...given.map(([, value]) => value),
    atMost(limit),
  )
  return rows.map((row) => ({ ...row, waitsFor: waitingFor(tables, row.id) }))
}
