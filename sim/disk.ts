/**
 * The disk of one process: the real SQLite database, which outlives it, behind a handle whose writes can
 * fail. What a process had not committed when it died is gone; a dead process writes no more.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { changed } from './changed.ts'
import type { Tally } from './tally.ts'

const SQLITE_FULL = 13

export interface DiskFaults {
  /** Every write fails from now on, until it is set back. */
  full: boolean
  /** Whether just this statement is to fail, as on a disk that fills up in the middle of a group. */
  readonly statementFails: () => boolean
  /** What happens at this commit. */
  readonly atCommit: () => 'ok' | 'die before' | 'die after'
  readonly isDead: () => boolean
  readonly die: () => void
}

export function faultyDatabase(database: DatabaseSync, faults: DiskFaults, tally: Tally): DatabaseSync {
  function write<T>(sql: string, really: () => T): T {
    if (sql.startsWith('ROLLBACK')) return really()
    if (faults.isDead()) throw new Error('the process is dead')
    const isFull = faults.full || (sql.startsWith('INSERT') && faults.statementFails())
    if (isFull) throw diskFull(tally)
    if (!sql.startsWith('COMMIT')) return really()
    const fate = faults.atCommit()
    if (fate === 'die before') {
      faults.die()
      throw new Error('the process died before the commit')
    }
    const result = really()
    if (fate === 'die after') faults.die()
    return result
  }

  function prepared(sql: string): StatementSync {
    const statement = database.prepare(sql)
    const kind = /^\s*(INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK)/i.exec(sql)?.[1]?.toUpperCase()
    if (kind === undefined) return statement
    const run = statement.run.bind(statement) as (...values: unknown[]) => unknown
    return Object.assign(statement, { run: (...values: unknown[]) => write(kind, () => run(...values)) })
  }

  return changed(database, {
    prepare: prepared,
    exec: (sql: string) => write(sql.trimStart(), () => database.exec(sql)),
  })
}

function diskFull(tally: Tally): Error {
  tally.add('disk: full')
  return Object.assign(new Error('database or disk is full'), { errcode: SQLITE_FULL })
}
