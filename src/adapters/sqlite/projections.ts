/** Keeping projections beside the log: creating, folding, rebuilding, comparing. */
import { DatabaseSync } from 'node:sqlite'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { RebuildReport } from '../../ports/event-log.ts'
import type { Projection, Row } from '../../ports/projection.ts'
import { SqliteTables } from './database.ts'
import type { EventRows } from './event-rows.ts'
import { type Residue, type Residues, readResidues } from './residues.ts'

export class ProjectionSet {
  readonly #projections: readonly Projection[]
  readonly #byKind = new Map<string, Projection[]>()
  readonly #database: DatabaseSync
  readonly #tables: SqliteTables
  readonly #rows: EventRows

  constructor(
    database: DatabaseSync,
    tables: SqliteTables,
    rows: EventRows,
    projections: readonly Projection[],
  ) {
    this.#database = database
    this.#tables = tables
    this.#rows = rows
    this.#projections = projections
    for (const projection of projections) {
      for (const kind of projection.kinds) {
        this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), projection])
      }
    }
  }

  /** Folds one event into every projection that wants its kind; an erased one with what each has kept of it. */
  apply(event: StoredEvent, tables: SqliteTables = this.#tables, residues?: Residues): void {
    const interested = this.#byKind.get(event.kind)
    if (interested === undefined) return
    const residue = event.body === null ? residues?.get(event.position) : undefined
    for (const projection of interested) {
      const kept = residue?.[projection.name]
      projection.apply(kept === undefined ? event : { ...event, body: kept }, tables)
    }
  }

  /**
   * Takes the body of an event out of the tables; what takes folding anew is added to `stale`. Returns what
   * the projections keep of it; null for nothing.
   */
  forget(event: StoredEvent, stale: Set<Projection>): Residue | null {
    const kept: Record<string, JsonObject> = {}
    for (const projection of this.#byKind.get(event.kind) ?? []) {
      const { name, erasure } = projection
      const residue = erasure?.keep(event) ?? null
      if (residue !== null) kept[name] = residue
      if (erasure === undefined) stale.add(projection)
      else if (erasure.forget?.({ ...event, body: residue }, this.#tables) === false) stale.add(projection)
    }
    return Object.keys(kept).length > 0 ? kept : null
  }

  get all(): readonly Projection[] {
    return this.#projections
  }

  /** What the projections keep of an event whose body is erased; null for nothing. The tables stay as they are. */
  residueOf(event: StoredEvent): Residue | null {
    const kept: Record<string, JsonObject> = {}
    for (const { name, erasure } of this.#byKind.get(event.kind) ?? []) {
      const residue = erasure?.keep(event) ?? null
      if (residue !== null) kept[name] = residue
    }
    return Object.keys(kept).length > 0 ? kept : null
  }

  /** Builds the projections that are new here or have changed since the file was written. */
  bringUpToDate(): void {
    const stale = this.#projections.filter(
      (projection) => this.#storedVersion(projection) !== projection.version,
    )
    inTransaction(this.#database, () => {
      this.#forgetAbsent()
      this.renew(stale)
    })
  }

  /** What is not kept from now on misses events: should it come back, it is built anew. */
  #forgetAbsent(): void {
    const present = JSON.stringify(this.#projections.map(({ name }) => name))
    this.#tables.run('DELETE FROM projections WHERE name NOT IN (SELECT value FROM json_each(?))', present)
  }

  /** Drops and folds all projections anew. The caller holds the transaction. */
  renewAll(): void {
    this.renew(this.#projections)
  }

  #storedVersion(projection: Projection): number | undefined {
    return this.#tables.get<{ version: number }>(
      'SELECT version FROM projections WHERE name = ?',
      projection.name,
    )?.version
  }

  /** Drops and folds these anew. The caller holds the transaction. */
  renew(projections: readonly Projection[]): void {
    if (projections.length === 0) return
    for (const projection of projections) {
      for (const table of [...projection.tables].reverse())
        this.#database.exec(`DROP TABLE IF EXISTS ${table}`)
      this.#database.exec(projection.schema)
    }
    this.#tables.forget()
    const scoped = new ProjectionSet(this.#database, this.#tables, this.#rows, projections)
    scoped.#applyAll(this.#tables)
    for (const projection of projections) {
      this.#tables.run(
        'INSERT INTO projections (name, version) VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version',
        projection.name,
        projection.version,
      )
    }
  }

  /** Folds the whole log; returns how many events there are. */
  #applyAll(tables: SqliteTables): number {
    const residues = readResidues(this.#tables, this.#rows)
    let events = 0
    for (const row of this.#rows.after(0)) {
      if (this.#byKind.has(this.#rows.words.text(row.kind))) {
        this.apply(this.#rows.toEvent(row), tables, residues)
      }
      events += 1
    }
    return events
  }

  /** Folds the log into a scratch store and compares it, table by table, with the live one. */
  compare(): RebuildReport {
    const scratch = new DatabaseSync('')
    try {
      const tables = new SqliteTables(scratch)
      for (const projection of this.#projections) scratch.exec(projection.schema)
      scratch.exec('BEGIN')
      const events = this.#applyAll(tables)
      scratch.exec('COMMIT')
      return { events, ...this.#differences(tables) }
    } finally {
      scratch.close()
    }
  }

  #differences(rebuilt: SqliteTables): Pick<RebuildReport, 'tables' | 'differing'> {
    const counts: Record<string, number> = {}
    const differing: string[] = []
    for (const table of this.#projections.flatMap((projection) => projection.tables)) {
      const { rows, equal } = sameContent(table, this.#tables, rebuilt)
      counts[table] = rows
      if (!equal) differing.push(table)
    }
    return { tables: counts, differing }
  }
}

/** Whether a table has the same rows in both stores, whatever their order. */
function sameContent(table: string, a: SqliteTables, b: SqliteTables): { rows: number; equal: boolean } {
  const columns = a
    .all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`)
    .map(({ name }) => name)
  const sql = `SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${columns.join(', ')}`
  const left = a.iterate(sql)[Symbol.iterator]()
  const right = b.iterate(sql)[Symbol.iterator]()
  let rows = 0
  let equal = true
  try {
    for (;;) {
      const l = left.next()
      const r = right.next()
      if (l.done && r.done) return { rows, equal }
      if (!l.done) rows += 1
      if (l.done || r.done || rowText(l.value) !== rowText(r.value)) equal = false
      if (l.done || r.done) return { rows, equal }
    }
  } finally {
    // An iterator left open would keep its table locked.
    left.return?.()
    right.return?.()
  }
}

function rowText(row: Row): string {
  return JSON.stringify(Object.values(row), (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
}

export function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    work()
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
