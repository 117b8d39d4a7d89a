/**
 * A projection folds the log into tables that answer questions quickly. It commits in the same
 * transaction as the events it folds, and can be dropped and rebuilt to the same content at any time.
 */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'

export type SqlValue = null | number | string | Uint8Array
export type Row = Record<string, SqlValue>

/** Plain SQL over the tables of the projections; statements are prepared once per text. */
export interface TablesReader {
  get<T = Row>(sql: string, ...values: SqlValue[]): T | undefined
  all<T = Row>(sql: string, ...values: SqlValue[]): T[]
  iterate<T = Row>(sql: string, ...values: SqlValue[]): Iterable<T>
}

export interface Tables extends TablesReader {
  run(sql: string, ...values: SqlValue[]): void
}

export interface Projection {
  /** Also the prefix of its tables: projection `runs` owns `runs` and `runs_…`. */
  readonly name: string
  /** Raise it when `schema` or `apply` changes: the tables are then rebuilt on opening. */
  readonly version: number
  /** The tables it owns, in order of creation. */
  readonly tables: readonly string[]
  /** `CREATE TABLE …; CREATE INDEX …;` */
  readonly schema: string
  /** The kinds it wants to see; other events are never handed to it. */
  readonly kinds: readonly string[]
  /**
   * Folds one event. Depends on nothing but the event and its own tables; must accept a body of null
   * (erased) and then leave out what the body held.
   */
  apply(event: StoredEvent, tables: Tables): void
  /**
   * What stays of a body that is erased. Without it, the whole projection is folded anew when a body of a kind
   * that it wants is erased, which takes as long as reading the log.
   */
  readonly erasure?: Erasure
}

/**
 * When a body is erased, a projection may keep a *residue* of it: ids, names and numbers, never content. It is
 * put on record with the erasure, and `apply` is given it in place of the body whenever the log is folded again.
 */
export interface Erasure {
  /** The residue of an event that still has its body; null for nothing. */
  keep(event: StoredEvent): JsonObject | null
  /**
   * Brings the tables from what `apply` made of the whole body to what it makes of the residue, which is the
   * body of the given event. false: that takes folding anew. Default: both are the same.
   */
  forget?(event: StoredEvent, tables: Tables): boolean
}
