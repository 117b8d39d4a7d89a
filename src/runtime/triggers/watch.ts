/**
 * Looks at published events for one trigger, and starts its runs.
 *
 * The trigger's cursor says up to where the log was looked at. What is beyond it comes from memory as long as
 * this process has seen it committed, else from the log. Of a batch, the runs that begin, what is gathered, what
 * is set aside, and the cursor are one commit, on condition that the trigger's stream is as it was seen: a crash
 * leaves all of it or nothing, and what is not on record is looked at again.
 */
import { isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import type { Json } from '../../kernel/json.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import { toReceived } from '../publish.ts'
import { type Firing, type FiringHost, fire, setAside } from './firing.ts'
import { Groups } from './gathering.ts'
import { type AnyTrigger, type Gathering, gatheringOf } from './trigger.ts'
import { dueKeys, nextDue, TRIGGER_STREAM, triggerRow } from './trigger-index.ts'

/** Limits of one batch, and so of one commit. */
const MOST_EVENTS = 500
const MOST_SCANNED = 2_000
/** Events that are kept in memory; more are read from the log when their turn comes. */
const MOST_KEPT = 10_000
/** How far the cursor may fall behind the log while nothing comes for this trigger. */
const CURSOR_LAG = 10_000
const RETRY_MS = 1_000

interface Batch {
  readonly events: readonly StoredEvent[]
  /** Position up to which all is in this batch or was in one before. */
  readonly through: number
}

export class Watch {
  readonly trigger: AnyTrigger
  readonly #host: FiringHost
  readonly #gathering: Gathering
  /** Committed and not looked at yet, unless `#behind`. */
  #inbox: StoredEvent[] = []
  /** The log holds events beyond the cursor that are not in the inbox. */
  #behind = true
  /** How far it has looked; what is on record of it may be less. */
  #through = 0
  #head = 0
  #working: Promise<void> | null = null
  #again = false
  #closed = false
  #callOff: (() => void) | null = null

  constructor(trigger: AnyTrigger, host: FiringHost) {
    this.trigger = trigger
    this.#host = host
    this.#gathering = gatheringOf(trigger)
  }

  /** To be called with every commit. */
  saw(events: readonly StoredEvent[]): void {
    this.#head = events.at(-1)?.position ?? this.#head
    const mine = events.filter((event) => this.#takes(event))
    if (!this.#behind) this.#inbox.push(...mine)
    if (this.#inbox.length > MOST_KEPT) this.#fallBehind()
    if (mine.length > 0 || this.#head - this.#through >= CURSOR_LAG) this.wake()
  }

  #takes({ kind, body }: StoredEvent): boolean {
    return kind === 'event.published' && body?.kind === this.trigger.on && body.to === undefined
  }

  wake(): void {
    if (this.#closed) return
    this.#again = true
    this.#working ??= this.#work()
      .catch((error) => this.#refused(error))
      .finally(() => {
        this.#working = null
        if (this.#again) this.wake()
      })
  }

  /** Resolves with whether there was something under way. */
  async idle(): Promise<boolean> {
    if (this.#working === null) return false
    while (this.#working !== null) await this.#working
    return true
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#again = false
    this.#callOff?.()
    await this.#working
  }

  async #work(): Promise<void> {
    this.#callOff?.()
    this.#callOff = null
    while (!this.#closed && (await this.#turn()));
    if (!this.#closed) this.#setAlarm()
  }

  /** One commit, at most; whether there may be more to do. */
  async #turn(): Promise<boolean> {
    this.#again = false
    const { log, clock } = this.#host
    const { name } = this.trigger
    const row = triggerRow(log.tables, name)
    if (row === undefined) return false
    const stream = TRIGGER_STREAM + name
    const expectedVersion = log.versionOf(stream)
    const { events, through } = this.#behind ? this.#fromLog(row.cursor) : this.#fromMemory()
    const isLast = !this.#behind && this.#inbox.length === 0
    // What is due is complete once all that came before is looked at.
    const due = isLast ? dueKeys(log.tables, name, clock.now(), MOST_EVENTS) : []
    const { own, others } = await this.#handle(events, due, through, row.cursor)
    if (own.length > 0) await log.append([{ stream, expectedVersion, events: own }, ...others])
    return !isLast || due.length === MOST_EVENTS || this.#again
  }

  async #handle(
    events: readonly StoredEvent[],
    due: readonly string[],
    through: number,
    cursor: number,
  ): Promise<Firing> {
    const groups = new Groups(this.#host.log, this.trigger.name, this.#gathering)
    const own: NewEvent[] = []
    const others: StreamAppend[] = []
    const add = (firing: Firing): void => {
      own.push(...firing.own)
      others.push(...firing.others)
    }
    for (const event of events) {
      try {
        const { where, key = ({ key }) => key } = this.trigger
        const received = toReceived(event)
        if (where?.(received) === false) continue
        const complete = groups.add(event, () => String(key(received)).toWellFormed())
        for (const group of complete) add(await fire(this.#host, this.trigger, group))
      } catch (error) {
        add(setAside(this.trigger, { key: null, events: [event] }, error))
      }
    }
    for (const key of due) {
      // One that has grown in this batch is due later.
      for (const group of groups.close(key, this.#host.clock.now()))
        add(await fire(this.#host, this.trigger, group))
    }
    const gathered = groups.gathered()
    const isBehind = through - cursor >= CURSOR_LAG
    if (gathered.length > 0 || isBehind)
      own.push(routed(this.trigger.name, through, gathered as unknown as Json))
    return { own, others }
  }

  // -- where the events come from ----------------------------------------------------------------

  #fromMemory(): Batch {
    const events = this.#inbox.splice(0, MOST_EVENTS)
    this.#through = this.#inbox.length > 0 ? (events.at(-1)?.position ?? this.#through) : this.#head
    return { events, through: this.#through }
  }

  #fromLog(cursor: number): Batch {
    const events: StoredEvent[] = []
    let through = Math.max(cursor, this.#through)
    let scanned = 0
    for (const event of this.#host.log.read(through)) {
      if (scanned >= MOST_SCANNED || events.length >= MOST_EVENTS) break
      through = event.position
      scanned += 1
      if (this.#takes(event)) events.push(event)
    }
    this.#behind = scanned >= MOST_SCANNED || events.length >= MOST_EVENTS
    this.#through = through
    this.#head = Math.max(this.#head, through)
    return { events, through }
  }

  #fallBehind(): void {
    this.#inbox = []
    this.#behind = true
  }

  // -- time --------------------------------------------------------------------------------------

  #setAlarm(): void {
    const due = nextDue(this.#host.log.tables, this.trigger.name)
    if (due !== null) this.#callOff = this.#host.clock.wakeAt(due, () => this.wake())
  }

  /** Nothing of the batch is on record: it is looked at again, at once or when the disk may have room. */
  #refused(error: unknown): void {
    this.#fallBehind()
    this.#through = 0
    this.#again = false
    const code = isHoldfastError(error) ? error.code : ''
    if (this.#closed || code === 'LOG_CLOSED' || code === 'LOG_EPOCH_STALE') return
    if (code === 'LOG_CONFLICT') this.#again = true
    else this.#callOff = this.#host.clock.after(RETRY_MS, () => this.wake())
  }
}

function routed(name: string, through: number, gathered: Json): NewEvent {
  const body = { gathered }
  return { kind: 'trigger.routed', actor: `trigger:${name}`, label: SYSTEM, cause: through, body }
}
