/**
 * Streams are known by the position of their first event, which bears their name. Which stream has which
 * version is kept in memory for those used last, also for names that were looked for and are not there.
 */
import type { SqliteTables } from './database.ts'

/** More are looked up again when needed. */
const CACHED_STREAMS = 20_000

export interface StreamState {
  /** Position of its first event; 0 while it has none. */
  readonly id: number
  readonly version: number
}

const NONE: StreamState = { id: 0, version: 0 }

export class Streams {
  readonly #tables: SqliteTables
  readonly #known = new Map<string, { id: number; version: number }>()

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

  #find(name: string): { id: number; version: number } {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const row = this.#tables.get<{ id: number; version: number | null }>(
      `SELECT position AS id,
              (SELECT max(version) FROM events WHERE stream = first.position AND version > 1) AS version
       FROM events AS first WHERE name = ?`,
      name,
    )
    const state = row ? { id: row.id, version: row.version ?? 1 } : { ...NONE }
    if (this.#known.size >= CACHED_STREAMS) {
      const oldest = this.#known.keys().next().value
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    this.#known.set(name, state)
    return state
  }

  /** After a transaction that was rolled back. */
  forget(): void {
    this.#known.clear()
  }
}
