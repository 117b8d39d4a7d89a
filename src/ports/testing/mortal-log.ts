/**
 * An event log of a process that dies at a chosen append: from then on nothing it asked for is answered,
 * nothing more is written and it is told of no commit, as if the machine had been switched off.
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { CompactReport, EventLog, LogHead, RebuildReport, VerifyReport } from '../event-log.ts'
import type { TablesReader } from '../projection.ts'

export interface Death {
  /** The append at which it dies, 1 for the first. */
  readonly atAppend: number
  /** `after`: the append is on disk, but nobody was told. */
  readonly when: 'before' | 'after'
}

export class MortalLog implements EventLog {
  readonly id: string
  readonly tables: TablesReader
  /** Resolves when it has died. */
  readonly died: Promise<void>
  readonly #log: EventLog
  readonly #death: Death | null
  readonly #die: () => void
  #appends = 0
  #isDead = false

  constructor(log: EventLog, death: Death | null) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#log = log
    this.#death = death
    this.died = promise
    this.#die = () => {
      this.#isDead = true
      resolve()
    }
    this.id = log.id
    this.tables = {
      get: (sql, ...values) => (this.#isDead ? undefined : log.tables.get(sql, ...values)),
      all: (sql, ...values) => (this.#isDead ? [] : log.tables.all(sql, ...values)),
      iterate: (sql, ...values) => (this.#isDead ? [] : log.tables.iterate(sql, ...values)),
    }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** What it had asked for by then may still reach the disk. */
  async bury(): Promise<void> {
    this.#die()
    await this.#log.close()
  }

  append(...given: Parameters<EventLog['append']>): Promise<readonly StoredEvent[]> {
    if (this.#isDead) return never()
    this.#appends += 1
    if (this.#appends !== this.#death?.atAppend) return this.#living(this.#log.append(...given))
    this.#die()
    if (this.#death.when === 'after') this.#log.append(...given).catch(() => {})
    return never()
  }

  async #living<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise
    } finally {
      if (this.#isDead) await never()
    }
  }

  onCommit(listener: (events: readonly StoredEvent[]) => void): () => void {
    return this.#log.onCommit((events) => {
      if (!this.#isDead) listener(events)
    })
  }

  readStream(stream: string, fromVersion?: number): StoredEvent[] {
    return this.#isDead ? [] : this.#log.readStream(stream, fromVersion)
  }

  versionOf(stream: string): number {
    return this.#isDead ? 0 : this.#log.versionOf(stream)
  }

  read(afterPosition?: number): Iterable<StoredEvent> {
    return this.#isDead ? [] : this.#log.read(afterPosition)
  }

  event(position: number): StoredEvent | undefined {
    return this.#isDead ? undefined : this.#log.event(position)
  }

  blob(sha256: string): Uint8Array | undefined {
    return this.#isDead ? undefined : this.#log.blob(sha256)
  }

  head(): LogHead {
    return this.#log.head()
  }

  async erase(...given: Parameters<EventLog['erase']>): ReturnType<EventLog['erase']> {
    return await this.#log.erase(...given)
  }

  compact(): CompactReport {
    return this.#log.compact()
  }

  verify(...given: Parameters<EventLog['verify']>): VerifyReport {
    return this.#log.verify(...given)
  }

  rebuild(options: { replace: boolean }): RebuildReport {
    return this.#log.rebuild(options)
  }

  async copyTo(file: string): Promise<LogHead> {
    return await this.#log.copyTo(file)
  }

  async close(): Promise<void> {
    await this.#log.close()
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
