/** The tables of some projections in memory, so that folds and reads are tested without a log. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { StoredEvent } from '../../kernel/event.ts'
import type { Projection, SqlValue, Tables } from '../projection.ts'

export interface MemoryTables {
  readonly tables: Tables
  /** Hands the event to every projection that wants its kind, as the log does within its transaction. */
  apply(event: StoredEvent): void
}

/** Empty tables for these projections; they go with the garbage. */
export function memoryTables(projections: readonly Projection[]): MemoryTables {
  const database = new DatabaseSync(':memory:')
  for (const projection of projections) database.exec(projection.schema)
  const tables = new SqliteTables(database)
  return {
    tables,
    apply(event) {
      for (const projection of projections) {
        if (projection.kinds.includes(event.kind)) projection.apply(event, tables)
      }
    },
  }
}

class SqliteTables implements Tables {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  get<T>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.#prepared(sql).get(...values) as T | undefined
  }

  all<T>(sql: string, ...values: SqlValue[]): T[] {
    return this.#prepared(sql).all(...values) as T[]
  }

  iterate<T>(sql: string, ...values: SqlValue[]): Iterable<T> {
    return this.#prepared(sql).iterate(...values) as Iterable<T>
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.#prepared(sql).run(...values)
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
