/**
 * The events that somebody with a durable cursor has still to look at, in the order of the log: from memory as
 * long as this process has seen them committed, else from the log.
 */
import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { EventLog } from '../../ports/event-log.ts'

/** Events of all kinds that are read from the log at once. */
const MOST_SCANNED = 2_000
/** How far a cursor on record may fall behind the log while nothing comes for its owner. */
export const CURSOR_LAG = 10_000

export interface InboxLimits {
  /** Events handed out at once. */
  readonly events: number
  /** Different keys of published events handed out at once; from memory only. Default as many as there are. */
  readonly keys?: number
  /** Events kept in memory; beyond them all is read from the log when its turn comes. */
  readonly kept: number
}

export interface Portion {
  readonly events: readonly StoredEvent[]
  /** Position up to which all is in this portion or was in one before. */
  readonly through: number
  /** Whether nothing more is there for now. */
  readonly isLast: boolean
}

export class EventInbox {
  readonly #log: EventLog
  readonly #takes: (event: StoredEvent) => boolean
  readonly #limits: InboxLimits
  /** Committed and not looked at yet, unless `#behind`. */
  #events: StoredEvent[] = []
  /** The log holds events that were not looked at and are not in memory. */
  #behind = true
  /** How far was looked in this process; what is on record of it may be less. */
  #looked = 0
  #head = 0
  /** Whether bodies were erased since events were last handed out. */
  #hasErased = false

  constructor(log: EventLog, takes: (event: StoredEvent) => boolean, limits: InboxLimits) {
    this.#log = log
    this.#takes = takes
    this.#limits = limits
  }

  /** How many wait in memory. */
  get size(): number {
    return this.#events.length
  }

  /** An event was committed that it takes. */
  note(event: StoredEvent): void {
    if (this.#behind) return
    if (this.#events.length < this.#limits.kept) this.#events.push(event)
    else this.#fallBehind()
  }

  /** The log has come this far; whether that is so far that the cursor should follow. */
  saw(position: number): boolean {
    this.#head = position
    return position - this.#looked >= CURSOR_LAG
  }

  /**
   * What is next.
   * @param cursor on record: all up to there is done with
   * @param until what comes after this position is left where it is
   */
  next(cursor: number, until = Number.POSITIVE_INFINITY): Portion {
    const from = Math.max(cursor, this.#looked)
    const portion = this.#behind ? this.#fromLog(from, until) : this.#fromMemory(from, until)
    this.#looked = portion.through
    return portion
  }

  /** Bodies were erased: what waits is read from the log again, and what was handed out is to be looked at anew. */
  erased(): void {
    this.#fallBehind()
    this.#hasErased = true
  }

  get hasErased(): boolean {
    return this.#hasErased
  }

  /** To be called before what came of the events handed out is put on record. @throws LOG_CONFLICT */
  assertThere(): void {
    if (this.#hasErased)
      throw new HoldfastError('LOG_CONFLICT', 'Bodies were erased while they were looked at')
  }

  /** To be called before the events of a turn are read, from here or from the log. */
  begin(): void {
    this.#hasErased = false
  }

  /** Nothing of what was handed out since the cursor counts; it comes again, from the log. */
  forget(): void {
    this.#fallBehind()
    this.#looked = 0
  }

  #fallBehind(): void {
    this.#events = []
    this.#behind = true
  }

  #fromMemory(from: number, until: number): Portion {
    const { events: most, keys: mostKeys = Number.POSITIVE_INFINITY } = this.#limits
    const keys = new Set<string>()
    let count = 0
    while (count < this.#events.length && count < most) {
      const event = this.#events[count] as StoredEvent
      const key = String(event.body?.key)
      if (event.position > until || (keys.size >= mostKeys && !keys.has(key))) break
      keys.add(key)
      count += 1
    }
    const events = this.#events.splice(0, count)
    const last = events.at(-1)?.position ?? from
    if (this.#events.length > 0) return { events, through: last, isLast: false }
    return { events, through: Math.min(Math.max(this.#head, last), until), isLast: true }
  }

  #fromLog(from: number, until: number): Portion {
    const events: StoredEvent[] = []
    let through = from
    let scanned = 0
    let isLast = true
    for (const event of this.#log.read(from)) {
      if (event.position > until) break
      if (scanned >= MOST_SCANNED || events.length >= this.#limits.events) {
        isLast = false
        break
      }
      through = event.position
      scanned += 1
      if (this.#takes(event)) events.push(event)
    }
    if (isLast && until === Number.POSITIVE_INFINITY) {
      this.#behind = false
      this.#head = Math.max(this.#head, through)
    }
    return { events, through, isLast }
  }
}
