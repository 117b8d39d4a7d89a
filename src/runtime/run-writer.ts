/** Writes the stream of one run. */
import type { NewEvent, StoredEvent } from '../kernel/event.ts'
import { type Journal, type JournalEvent, RUN_ENDS, type RunStatus } from '../kernel/journal.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog, StreamAppend } from '../ports/event-log.ts'
import { runStream } from './run-index.ts'

export interface Written {
  /** The run's own events as the log will hold them. */
  readonly events: readonly JournalEvent[]
  /** @throws LOG_CONFLICT, LOG_WRITE_FAILED */
  readonly durable: Promise<readonly StoredEvent[]>
}

export class RunWriter {
  readonly #log: EventLog
  readonly #clock: Pick<Clock, 'now'>
  readonly #stream: string
  #version: number
  #onRecord: RunStatus
  #stalled = false
  #ending: boolean
  /** The latest of what is on its way to the disk. */
  #writing: Promise<unknown> | null = null

  constructor(log: EventLog, clock: Pick<Clock, 'now'>, journal: Journal, status: RunStatus) {
    this.#log = log
    this.#clock = clock
    this.#stream = runStream(journal.run)
    this.#version = journal.version
    this.#onRecord = status
    this.#ending = journal.end !== null
  }

  /** The status of the run once all that was written is durable. */
  get onRecord(): RunStatus {
    return this.#onRecord
  }

  /** Whether the end of the run is in the log or on its way there: nothing follows it. */
  get isEnding(): boolean {
    return this.#ending
  }

  /** What still comes in from outside is kept, and the run stays stalled. */
  stall(): void {
    this.#stalled = true
  }

  /** Appends on condition of all written before, and to other streams in the same commit. */
  write(given: readonly NewEvent[], others: readonly StreamAppend[]): Written {
    const expectedVersion = this.#version
    const time = this.#clock.now()
    const marked = this.#marked(given)
    const events = marked.map((event) => {
      this.#version += 1
      if (RUN_ENDS.has(event.kind)) this.#ending = true
      return { ...event, time, version: this.#version }
    })
    const durable = this.#log.append([{ stream: this.#stream, expectedVersion, events }, ...others])
    const settled = (): void => {
      if (this.#writing === durable) this.#writing = null
    }
    this.#writing = durable
    durable.then(settled, settled)
    return { events, durable }
  }

  get isWriting(): boolean {
    return this.#writing !== null
  }

  /** Resolves when all that was written is durable, or was refused. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing.catch(() => {})
  }

  /** Marks the first event after a park with `wakes: true`, so that a crash from here on is noticed. */
  #marked(events: readonly NewEvent[]): readonly NewEvent[] {
    if (this.#stalled) return events
    const last = events.at(-1)
    const before = this.#onRecord
    this.#onRecord = last?.body.parks === true || last?.kind === 'run.parked' ? 'waiting' : 'running'
    if (before === 'running' || this.#onRecord === 'waiting') return events
    return events.map((event, i) => (i === 0 ? { ...event, body: { ...event.body, wakes: true } } : event))
  }
}
