/**
 * Events as rows: writing those of one commit, chained by hash to the commit before. Rows are inserted by `get`,
 * which is `run` without an object that says what was changed.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { commitHashInput, headerText, natureText, type StoredEvent } from '../../kernel/event.ts'
import { encodeLabel, type Label } from '../../kernel/label.ts'
import type { LogHead } from '../../ports/event-log.ts'
import { sealBody, sha256 } from './event-chain.ts'
import type { Words } from './words.ts'

/** What events of one kind, actor and label have in common, as it is hashed and as it is stored. */
interface Nature {
  readonly kind: string
  readonly actor: string
  readonly label: Label
  readonly text: string
  readonly kindId: number
  readonly actorId: number
  readonly labelId: number
}

export class EventWriter {
  readonly #words: Words
  readonly #insert: StatementSync
  readonly #insertWhole: StatementSync
  /** Of the last event: the next is mostly of the same. */
  #nature: Nature | null = null

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
      const nature = this.#natureOf(event)
      const body = sealBody(JSON.stringify(event.body))
      headers += headerText(event, nature.text, sha256(body))
      if (i === last) hash = sha256(commitHashInput(head.hash, headers))
      this.#insertRow(event, streams[i] ?? 0, nature, body, hash)
      i += 1
    }
    return hash === null ? head : { position: head.position + events.length, hash }
  }

  /** After a transaction that was rolled back: its words have no number. */
  forget(): void {
    this.#nature = null
  }

  #natureOf(event: StoredEvent): Nature {
    const { kind, actor, label } = event
    const known = this.#nature
    if (known !== null && known.kind === kind && known.actor === actor && known.label === label) return known
    const text = encodeLabel(label)
    this.#nature = {
      kind,
      actor,
      label,
      text: natureText(event, text),
      kindId: this.#words.id(kind),
      actorId: this.#words.id(actor),
      labelId: this.#words.id(text),
    }
    return this.#nature
  }

  #insertRow(
    event: StoredEvent,
    stream: number,
    { kindId, actorId, labelId }: Nature,
    body: Uint8Array,
    hash: string | null,
  ): void {
    const { position, version, time, cause, correlation } = event
    if (version > 1 && cause === null && correlation === null && hash === null) {
      this.#insert.get(position, stream, version, kindId, time, actorId, labelId, body)
      return
    }
    const name = version === 1 ? event.stream : null
    const rest = [name, cause, correlation, hash]
    this.#insertWhole.get(position, stream, version, kindId, time, actorId, labelId, body, ...rest)
  }
}
