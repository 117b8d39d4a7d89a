/** The ids and versions of streams, the latest used kept in memory. */
import type { SqliteTables } from './database.ts'

/** More are looked up again when needed. */
const CACHED_STREAMS = 20_000

export interface StreamState {
  readonly id: number
  /** Raised by whoever writes an event. */
  version: number
}

export class Streams {
  readonly #tables: SqliteTables
  readonly #known = new Map<string, StreamState>()

  constructor(tables: SqliteTables) {
    this.#tables = tables
  }

  find(name: string): StreamState | undefined {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const row = this.#tables.get<{ id: number; version: number | null }>(
      `SELECT id, (SELECT max(version) FROM events WHERE stream = streams.id) AS version
       FROM streams WHERE name = ?`,
      name,
    )
    return row ? this.#remember(name, { id: row.id, version: row.version ?? 0 }) : undefined
  }

  findOrCreate(name: string): StreamState {
    return this.find(name) ?? this.#create(name)
  }

  #create(name: string): StreamState {
    const { lastInsertRowid } = this.#tables.prepare('INSERT INTO streams (name) VALUES (?)').run(name)
    return this.#remember(name, { id: Number(lastInsertRowid), version: 0 })
  }

  #remember(name: string, state: StreamState): StreamState {
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
