/**
 * The database in which the processes of a simulation keep their log. There is one for all seeds of a thread, emptied
 * for each: to make one anew, and to prepare its statements, takes longer than many a seed.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { openSqliteEventLog } from '../src/adapters/sqlite/event-log.ts'
import { Statements } from './disk.ts'
import { PROJECTIONS } from './projections.ts'

/** What a log holds that has just been made, by table. */
interface Content {
  readonly empty: StatementSync
  readonly insert: StatementSync
  readonly rows: readonly (readonly never[])[]
}

/** Of every simulated log: what is hashed with it is the same each time. */
export const LOG_ID = 'the-simulated-log'

export class Store {
  readonly database = new DatabaseSync(':memory:')
  readonly statements = new Statements(this.database)
  readonly #contents: readonly Content[]
  readonly #last: StatementSync

  /** With an id of its own that is always the same. */
  constructor() {
    const { database } = this
    openSqliteEventLog({ database, clock: { now: () => 0 }, projections: PROJECTIONS })
    database.exec(`UPDATE meta SET value = '${LOG_ID}' WHERE key = 'id'`)
    const tables = database
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .all() as { name: string }[]
    this.#contents = tables.map(({ name }) => this.#contentOf(name))
    this.#last = database.prepare('SELECT max(position) AS position FROM events')
  }

  #contentOf(table: string): Content {
    const { database } = this
    const rows = database.prepare(`SELECT * FROM ${table}`).all()
    const columns = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
    return {
      empty: database.prepare(`DELETE FROM ${table}`),
      insert: database.prepare(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`),
      rows: rows.map((row) => Object.values(row) as never[]),
    }
  }

  /** As it was when it was made. */
  clear(): void {
    if (this.database.isTransaction) this.database.exec('ROLLBACK')
    this.database.exec('BEGIN')
    for (const { empty, insert, rows } of this.#contents) {
      empty.run()
      for (const row of rows) insert.run(...row)
    }
    this.database.exec('COMMIT')
  }

  /** Position of the last event, whoever has appended it. */
  get head(): number {
    return Number(this.#last.get()?.position ?? 0)
  }
}

let store: Store | undefined

export function emptyStore(): Store {
  store ??= new Store()
  store.clear()
  return store
}

/** The next one is another: what was done to this one is not known. */
export function forgetStore(): void {
  store = undefined
}
