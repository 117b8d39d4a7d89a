/** Events as rows: reading them back. */
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { decodeLabel } from '../../kernel/label.ts'
import type { SqliteTables } from './database.ts'
import { openBody } from './event-chain.ts'
import type { StreamState } from './streams.ts'
import type { Words } from './words.ts'

const CHUNK = 500

export interface EventRow {
  position: number
  /** Position of the first event of its stream. */
  stream: number
  /** Of the stream, as its first event says. */
  name: string
  /** 1 for an event that bears a name itself, else 0. */
  names: number
  version: number
  kind: number
  time: number
  actor: number
  label: number
  body: Uint8Array | null
  cause: number | null
  correlation: string | null
  hash: Uint8Array | null
  body_hash: Uint8Array | null
}

const SELECT_EVENT = `
  SELECT e.position, e.stream, coalesce(first.name, '') AS name, e.name IS NOT NULL AS names, e.version, e.kind, e.time, e.actor,
         e.label, e.body, e.cause, e.correlation, e.hash, e.body_hash
  FROM events AS e LEFT JOIN events AS first ON first.position = e.stream`

export class EventRows {
  readonly words: Words
  readonly #tables: SqliteTables

  constructor(tables: SqliteTables, words: Words) {
    this.#tables = tables
    this.words = words
  }

  at(position: number): EventRow | undefined {
    return this.#tables.get<EventRow>(`${SELECT_EVENT} WHERE e.position = ?`, position)
  }

  ofStream({ id, version }: StreamState, fromVersion: number, limit = Number.MAX_SAFE_INTEGER): EventRow[] {
    const first = id > 0 && fromVersion <= 1 ? this.at(id) : undefined
    const rest =
      version > 1
        ? this.#tables.all<EventRow>(
            `${SELECT_EVENT} WHERE e.stream = ? AND e.version > 1 AND e.version >= ? ORDER BY e.version LIMIT ?`,
            id,
            fromVersion,
            limit - (first === undefined ? 0 : 1),
          )
        : []
    return first === undefined ? rest : [first, ...rest]
  }

  /** All rows after a position, fetched in chunks so that writes may happen in between. */
  *after(position: number): Generator<EventRow> {
    let after = position
    for (;;) {
      const rows = this.#tables.all<EventRow>(
        `${SELECT_EVENT} WHERE e.position > ? ORDER BY e.position LIMIT ${CHUNK}`,
        after,
      )
      yield* rows
      if (rows.length < CHUNK) return
      after = rows.at(-1)?.position ?? after
    }
  }

  toEvent(row: EventRow): StoredEvent {
    return {
      position: row.position,
      stream: row.name,
      version: row.version,
      kind: this.words.text(row.kind),
      time: row.time,
      actor: this.words.text(row.actor),
      cause: row.cause,
      correlation: row.correlation,
      label: decodeLabel(this.words.text(row.label)),
      body: row.body === null ? null : (JSON.parse(openBody(row.body)) as JsonObject),
    }
  }
}
