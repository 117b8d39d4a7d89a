/** Events as rows: writing those of one commit, chained by hash to the commit before. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { commitHashInput, headerText, type StoredEvent } from '../../kernel/event.ts'
import { encodeLabel } from '../../kernel/label.ts'
import type { LogHead } from '../../ports/event-log.ts'
import { sealBody, sha256 } from './event-chain.ts'
import type { Words } from './words.ts'

export interface NewRow {
  readonly event: StoredEvent
  /** Position of the first event of its stream. */
  readonly stream: number
}

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

  /** Returns the head after them; the last of them bears its hash. The caller holds the transaction. */
  write(rows: readonly NewRow[], head: LogHead): LogHead {
    const last = rows.at(-1)
    if (last === undefined) return head
    let headers = ''
    let hash = ''
    for (const row of rows) {
      const { event } = row
      const label = encodeLabel(event.label)
      const body = sealBody(JSON.stringify(event.body))
      headers += headerText(event, label, sha256(body))
      if (row === last) hash = sha256(commitHashInput(head.hash, headers))
      this.#insertRow(row, label, body, row === last ? hash : null)
    }
    return { position: last.event.position, hash }
  }

  #insertRow({ event, stream }: NewRow, labelText: string, body: Uint8Array, hash: string | null): void {
    const { position, version, time, cause, correlation } = event
    const kind = this.#words.id(event.kind)
    const actor = this.#words.id(event.actor)
    const label = this.#words.id(labelText)
    if (version > 1 && cause === null && correlation === null && hash === null) {
      this.#insert.run(position, stream, version, kind, time, actor, label, body)
      return
    }
    const name = version === 1 ? event.stream : null
    this.#insertWhole.run(
      position,
      stream,
      version,
      kind,
      time,
      actor,
      label,
      body,
      name,
      cause,
      correlation,
      hash,
    )
  }
}
