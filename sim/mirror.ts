/**
 * The projections as they are when the log is folded by nobody but this, event by event as it grows. To compare
 * them with the live tables costs one statement on either side, so that it can be done at every opening; that
 * the log of the end folds to the same from nothing, the log itself is asked once, when all is over.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { SqliteTables } from '../src/adapters/sqlite/database.ts'
import { EventRows } from '../src/adapters/sqlite/event-rows.ts'
import { BODIES_ERASED, readResidues } from '../src/adapters/sqlite/residues.ts'
import { Words } from '../src/adapters/sqlite/words.ts'
import type { StoredEvent } from '../src/kernel/event.ts'
import { PROJECTIONS } from './projections.ts'

const BY_KIND = Map.groupBy(
  PROJECTIONS.flatMap((projection) => projection.kinds.map((kind) => ({ kind, projection }))),
  ({ kind }) => kind,
)
const TABLES = PROJECTIONS.flatMap(({ tables, kinds }) => (kinds.length === 0 ? [] : tables))

export class Mirror {
  readonly #database = new DatabaseSync(':memory:')
  readonly #tables = new SqliteTables(this.#database)
  readonly #contents: string
  #live: { readonly database: DatabaseSync; readonly contents: StatementSync } | null = null

  constructor() {
    for (const { schema } of PROJECTIONS) this.#database.exec(schema)
    this.#contents = TABLES.map((table) => this.#content(table)).join(' UNION ALL ')
    this.#database.exec('BEGIN')
  }

  /** One row: the name of the table, and all that is in it, whatever the order of its rows. */
  #content(table: string): string {
    const columns = this.#tables
      .all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`)
      .map(({ name }) => name)
    const row = columns.map((name) => `quote(${name})`).join(`||','||`)
    return `SELECT '${table}' AS name, (SELECT group_concat(${row}, char(10)) FROM (SELECT * FROM ${table} ORDER BY ${columns.join(', ')})) AS content`
  }

  /** Empty again, for another log. */
  clear(): void {
    this.#database.exec('ROLLBACK; BEGIN')
  }

  /** @param live the database that the event is from */
  see(event: StoredEvent, live: DatabaseSync): void {
    if (event.kind === BODIES_ERASED) this.#foldAnew(live, event.position)
    for (const { projection } of BY_KIND.get(event.kind) ?? []) projection.apply(event, this.#tables)
  }

  /** What was erased counts as what was kept of it: all up to there is folded with that. */
  #foldAnew(live: DatabaseSync, upTo: number): void {
    this.clear()
    const tables = new SqliteTables(live)
    const rows = new EventRows(tables, new Words(tables))
    const residues = readResidues(tables, rows)
    for (const row of rows.after(0)) {
      if (row.position >= upTo) return
      const event = rows.toEvent(row)
      const residue = event.body === null ? residues.get(event.position) : undefined
      for (const { projection } of BY_KIND.get(event.kind) ?? []) {
        const kept = residue?.[projection.name]
        projection.apply(kept === undefined ? event : { ...event, body: kept }, this.#tables)
      }
    }
  }

  /** Names of the tables of the live database that differ. */
  differing(live: DatabaseSync): string[] {
    if (this.#live?.database !== live) this.#live = { database: live, contents: live.prepare(this.#contents) }
    const there = this.#live.contents.all()
    const here = this.#tables.all(this.#contents)
    return there.flatMap(({ name, content }, i) => (content === here[i]?.content ? [] : [String(name)]))
  }
}

let mirror: Mirror | undefined

/** One for all seeds of a thread: its statements stay prepared. */
export function emptyMirror(): Mirror {
  mirror ??= new Mirror()
  mirror.clear()
  return mirror
}
