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

/** Prepared statements that the processes of one database hand down to each other, by their text. */
export class Statements {
  readonly #database: DatabaseSync
  readonly #free = new Map<string, StatementSync[]>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  take(sql: string): StatementSync {
    return this.#free.get(sql)?.pop() ?? this.#database.prepare(sql)
  }

  give(sql: string, statement: StatementSync): void {
    const free = this.#free.get(sql)
    if (free === undefined) this.#free.set(sql, [statement])
    else free.push(statement)
  }
}

export interface FaultyDatabase {
  readonly database: DatabaseSync
  /** Gives the statements of a dead process to those that come. */
  readonly handDown: () => void
}

export function faultyDatabase(
  database: DatabaseSync,
  statements: Statements,
  faults: DiskFaults,
  tally: Tally,
): FaultyDatabase {
  const taken: [string, StatementSync][] = []

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
    if (faults.isDead()) return database.prepare(sql)
    const own = statements.take(sql)
    taken.push([sql, own])
    const kind = /^\s*(INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK)/i.exec(sql)?.[1]?.toUpperCase()
    // A dead process has handed its statements down: it must not disturb whoever has them now.
    const statement = (): StatementSync => (faults.isDead() ? database.prepare(sql) : own)
    const guarded = <T>(really: () => T): T => (kind === undefined ? really() : write(kind, really))
    const calls = {
      get: (...values: never[]) => guarded(() => statement().get(...values)),
      all: (...values: never[]) => guarded(() => statement().all(...values)),
      run: (...values: never[]) => guarded(() => statement().run(...values)),
      iterate: (...values: never[]) => statement().iterate(...values),
    }
    return calls as unknown as StatementSync
  }

  return {
    database: changed(database, {
      prepare: prepared,
      exec: (sql: string) => write(sql.trimStart(), () => database.exec(sql)),
    }),
    handDown() {
      for (const [sql, statement] of taken.splice(0)) statements.give(sql, statement)
    },
  }
}

function diskFull(tally: Tally): Error {
  tally.add('disk: full')
  return Object.assign(new Error('database or disk is full'), { errcode: SQLITE_FULL })
}
