/**
 * Streams are known by the position of their first event, which bears their name. Which stream has which
 * version is kept in memory for those used last, also for names that were looked for and are not there.
 */
import type { SqliteTables } from './database.ts'

/** Half of them: when so many were used since, those that were not are looked up again when needed. */
const CACHED_STREAMS = 10_000

export interface StreamState {
  /** Position of its first event; 0 while it has none. */
  readonly id: number
  readonly version: number
}

interface Known {
  id: number
  version: number
}

export class Streams {
  readonly #tables: SqliteTables
  #young = new Map<string, Known>()
  #old = new Map<string, Known>()

  constructor(tables: SqliteTables) {
    this.#tables = tables
  }

  find(name: string): StreamState {
    return this.#find(name)
  }

  /** Counts one more event of the stream, at this position. */
  advance(name: string, position: number): StreamState {
    const state = this.#find(name)
    if (state.version === 0) state.id = position
    state.version += 1
    return state
  }

  #find(name: string): Known {
    const young = this.#young.get(name)
    if (young !== undefined) return young
    const state = this.#old.get(name) ?? this.#look(name)
    if (this.#young.size >= CACHED_STREAMS) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, state)
    return state
  }

  #look(name: string): Known {
    const row = this.#tables.get<{ id: number; version: number | null }>(
      `SELECT position AS id,
              (SELECT max(version) FROM events WHERE stream = first.position AND version > 1) AS version
       FROM events AS first WHERE name = ?`,
      name,
    )
    return row ? { id: row.id, version: row.version ?? 1 } : { id: 0, version: 0 }
  }

  /** After a transaction that was rolled back. */
  forget(): void {
    this.#young.clear()
    this.#old.clear()
  }
}
