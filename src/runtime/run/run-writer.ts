/**
 * Writes the stream of one run. A bounded run holds its records back: they go to the log with the first that
 * has to be durable, at the latest with its end, in one commit.
 */

import type { NewEvent } from '../../kernel/event.ts'
import { type Journal, RUN_ENDS, type RunStatus } from '../../kernel/journal.ts'
import { type Closed, OpenReservations, type Reservation } from '../../kernel/reservation.ts'
import type { JournalEvent } from '../../kernel/run-start.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { AppendOptions, StreamAppend } from '../../ports/event-log.ts'
import type { Gate } from '../../ports/gate.ts'
import type { ExecutionHost } from './execution-host.ts'
import type { JointAppend } from './joint-append.ts'

export interface Written {
  /** The run's own events as the log will hold them. */
  readonly events: readonly JournalEvent[]
  /** Whether they end the run. */
  readonly isEnd: boolean
}

/** What became of records: null once they are durable, else why they are refused: LOG_CONFLICT, LOG_WRITE_FAILED. */
export type Told = (failure: unknown) => void

/** now: with the next commit. held: with the next that is written `now`. at-end: with the end of a run that completes. */
export type When = 'now' | 'held' | 'at-end'

type Versioned = NewEvent & { readonly version: number; readonly time: number }

interface Piece {
  readonly events: readonly Versioned[]
  readonly others: readonly StreamAppend[]
  /** Written together with records of other runs. */
  readonly joint?: JointAppend | undefined
}

export interface WriterHost extends Pick<ExecutionHost, 'log' | 'clock' | 'besideEnd'> {
  readonly gate: Pick<Gate, 'closing'>
}

export class RunWriter {
  readonly #host: WriterHost
  readonly #journal: Journal
  /** null for a run that has never reserved anything. */
  #reservations: OpenReservations | null
  readonly #stream: string
  /** In the journal; ahead of the stream by what is held. */
  #version: number
  #streamVersion: number
  #onRecord: RunStatus
  #stalled = false
  #ending: boolean
  readonly #asWriter: AppendOptions = { writers: [this] }
  #held: Piece[] = []
  #atEnd: Piece[] = []
  /** To be told of the next flush. */
  #waiting: Told[] = []
  /** The latest of what is on its way to the disk. */
  #writing: Promise<unknown> | null = null
  readonly #onceDurable: (() => void)[] = []

  constructor(
    host: WriterHost,
    journal: Journal,
    status: RunStatus,
    reservations: OpenReservations | null = null,
  ) {
    this.#host = host
    this.#journal = journal
    this.#reservations = reservations
    this.#stream = runStream(journal.run)
    this.#version = journal.version
    this.#streamVersion = journal.version
    this.#onRecord = status
    this.#ending = journal.end !== null
  }

  /** For a run whose beginning is not in the log: it goes there with the first record that is not held. */
  beginWith(started: NewEvent, time: number): void {
    this.#streamVersion = 0
    this.#held.push({ events: [{ ...started, version: 1, time }], others: [] })
  }

  /** The status of the run once all that was written is durable. */
  get onRecord(): RunStatus {
    return this.#onRecord
  }

  /** Whether the end of the run is in the log or on its way there: nothing follows it. */
  get isEnding(): boolean {
    return this.#ending
  }

  /** Whether anything of the run is in the log or on its way there. */
  get isSaved(): boolean {
    return this.#streamVersion > 0
  }

  /** The first event that is held back for another stream: of a run that is to start, or an event to be published. */
  firstHeld(stream: string): NewEvent | null {
    const parts = [...this.#held, ...this.#atEnd].flatMap(({ others }) => others)
    return parts.find((part) => part.stream === stream)?.events[0] ?? null
  }

  /** What is reserved for an operation of the run, and has not expired: on record, or on its way there. */
  reserved(name: string): Reservation | null {
    const found = this.#reservations?.get(name)
    return found === undefined || found.isExpired ? null : found
  }

  /** What still comes in from outside is kept, and the run stays stalled. */
  stall(): void {
    this.#stalled = true
  }

  /** Appends on condition of all written before, and to other streams in the same commit; `told` is called once. */
  write(
    given: readonly NewEvent[],
    others: readonly StreamAppend[],
    when: When,
    told: Told,
    joint?: JointAppend,
  ): Written {
    const time = this.#host.clock.now()
    // What goes to the log at the end only can not say that the run is awake.
    const marked = when === 'at-end' ? given : this.#marked(this.#closing(given, time))
    const events = marked.map((event) => {
      this.#version += 1
      return { ...event, time, version: this.#version }
    })
    const last = events.at(-1)
    const end = last !== undefined && RUN_ENDS.has(last.kind) ? last : undefined
    if (end !== undefined) this.#ending = true
    const isEnd = end !== undefined
    if (when === 'at-end') {
      this.#atEnd.push({ events, others })
      this.#waiting.push(told)
      return { events, isEnd }
    }
    if (end?.kind === 'run.completed') this.#held.push(...this.#atEnd)
    const beside = end === undefined ? [] : this.#host.besideEnd(this.#journal, end)
    const piece = { events, others: beside.length === 0 ? others : [...others, ...beside], joint }
    if (when === 'held') {
      this.#held.push(piece)
      this.#waiting.push(told)
    } else if (this.#waiting.length === 0 && this.#held.length === 0) this.#append(piece, told)
    else this.#flush(piece, told)
    return { events, isEnd }
  }

  /** With what closes the reservations whose outcome these events tell; the gate knows of it before the log does. */
  #closing(events: readonly NewEvent[], time: number): readonly NewEvent[] {
    if (this.#reservations === null) {
      if (!events.some(reserves)) return events
      this.#reservations = new OpenReservations()
    }
    const all = this.#reservations.withClosings(this.#journal, events, time)
    for (const { kind, body } of all) {
      if (!closes(kind)) continue
      const amounts = body.amounts as unknown as readonly Closed[]
      this.#host.gate.closing(this.#journal.run, String(body.for), amounts)
    }
    return all
  }

  /** Appends what is held, and behind it what is given. */
  #flush(piece: Piece, told: Told): void {
    const pieces = [...this.#held, piece]
    const waiting = [...this.#waiting, told]
    this.#held = []
    this.#waiting = []
    const all = {
      events: pieces.flatMap(({ events }) => events),
      others: pieces.flatMap(({ others }) => others),
      joint: piece.joint,
    }
    this.#append(all, (failure) => {
      for (const one of waiting) one(failure)
    })
  }

  #append({ events, others, joint }: Piece, told: Told): void {
    const own = { stream: this.#stream, expectedVersion: this.#streamVersion, events }
    this.#streamVersion += events.length
    const parts = others.length === 0 ? [own] : [own, ...others]
    const durable: Promise<unknown> =
      joint === undefined ? this.#host.log.append(parts, [], this.#asWriter) : joint.append(parts, this)
    this.#writing = durable
    durable.then(
      () => {
        this.#landed(durable)
        told(null)
      },
      (error) => {
        this.#refused(durable)
        told(error)
      },
    )
  }

  #landed(durable: Promise<unknown>): void {
    if (this.#writing !== durable) return
    this.#writing = null
    if (this.#onceDurable.length > 0) for (const tell of this.#onceDurable.splice(0)) tell()
  }

  /** The run starts over without what was refused, and whatever waited for it. */
  #refused(durable: Promise<unknown>): void {
    if (this.#writing === durable) this.#writing = null
    this.#onceDurable.length = 0
  }

  /** Calls `tell` when all that was to be durable at once is: now, if nothing is on its way; never, if it is refused. */
  whenDurable(tell: () => void): void {
    if (this.#writing === null) tell()
    else this.#onceDurable.push(tell)
  }

  /** Resolves when nothing is on its way to the disk; what is held is not. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing.catch(() => {})
  }

  /** Marks the first event after a park with `wakes: true`, so that a crash from here on is noticed. */
  #marked(events: readonly NewEvent[]): readonly NewEvent[] {
    if (this.#stalled) return events
    const last = events.at(-1)
    // What becomes of a reservation says nothing of the run, alone or before the fact that it follows from.
    if (last?.kind.startsWith('budget.')) return events
    const before = this.#onRecord
    this.#onRecord = last?.body.parks === true || last?.kind === 'run.parked' ? 'waiting' : 'running'
    if (before === 'running' || this.#onRecord === 'waiting') return events
    const first = events.findIndex(({ kind }) => !kind.startsWith('budget.'))
    return events.map((event, i) =>
      i === first ? { ...event, body: { ...event.body, wakes: true } } : event,
    )
  }
}

function closes(kind: string): boolean {
  return kind.startsWith('budget.') && kind !== 'budget.reserved'
}

function reserves({ kind }: NewEvent): boolean {
  return kind === 'budget.reserved'
}
