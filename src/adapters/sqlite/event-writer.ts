/**
 * Events as rows: writing those of one commit, chained by hash to the commit before. Rows are inserted by `get`,
 * which is `run` without an object that says what was changed.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { commitHashInput, headerText, type StoredEvent } from '../../kernel/event.ts'
import { encodeLabel } from '../../kernel/label.ts'
import type { LogHead } from '../../ports/event-log.ts'
import { sealBody, sha256 } from './event-chain.ts'
import type { Words } from './words.ts'

export class EventWriter {
  readonly #words: Words
  readonly #insert: StatementSync
  readonly #insertWhole: StatementSync

  constructor(database: DatabaseSync, words: Words) {
    this.#words = words
    this.#insert = database.prepare(
      'INSERT INTO events (position, stream, version, kind, time, actor, label, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#insertWhole = database.prepare(
      `INSERT INTO events (position, stream, version, kind, time, actor, label, body, name, cause, correlation, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, unhex(?))`,
    )
  }

  /**
   * Returns the head after them; the last of them bears its hash. `streams` are the ids of their streams, one
   * for each. The caller holds the transaction.
   */
  write(events: readonly StoredEvent[], streams: readonly number[], head: LogHead): LogHead {
    const last = events.length - 1
    let headers = ''
    let hash: string | null = null
    let i = 0
    for (const event of events) {
      const label = encodeLabel(event.label)
      const body = sealBody(JSON.stringify(event.body))
      headers += headerText(event, label, sha256(body))
      if (i === last) hash = sha256(commitHashInput(head.hash, headers))
      this.#insertRow(event, streams[i] ?? 0, label, body, hash)
      i += 1
    }
    return hash === null ? head : { position: head.position + events.length, hash }
  }

  #insertRow(
    event: StoredEvent,
    stream: number,
    labelText: string,
    body: Uint8Array,
    hash: string | null,
  ): void {
    const { position, version, time, cause, correlation } = event
    const kind = this.#words.id(event.kind)
    const actor = this.#words.id(event.actor)
    const label = this.#words.id(labelText)
    if (version > 1 && cause === null && correlation === null && hash === null) {
      this.#insert.get(position, stream, version, kind, time, actor, label, body)
      return
    }
    const name = version === 1 ? event.stream : null
    const rest = [name, cause, correlation, hash]
    this.#insertWhole.get(position, stream, version, kind, time, actor, label, body, ...rest)
  }
}
