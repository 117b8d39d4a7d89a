/** Writes the stream of one run. */
import type { NewEvent, StoredEvent } from '../kernel/event.ts'
import { type Journal, RUN_ENDS, type RunStatus } from '../kernel/journal.ts'
import type { EventLog, StreamAppend } from '../ports/event-log.ts'
import { runStream } from './run-index.ts'

export class RunWriter {
  readonly #log: EventLog
  readonly #run: string
  #version: number
  #onRecord: RunStatus
  #stalled = false
  #ending: boolean

  constructor(log: EventLog, journal: Journal, status: RunStatus) {
    this.#log = log
    this.#run = journal.run
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

  /**
   * Appends on condition of all written before, and to other streams in the same commit. Resolves with the
   * run's own events once they are durable.
   * @throws LOG_CONFLICT, LOG_WRITE_FAILED
   */
  async write(events: readonly NewEvent[], others: readonly StreamAppend[]): Promise<readonly StoredEvent[]> {
    const expectedVersion = this.#version
    this.#version += events.length
    this.#ending = events.some(({ kind }) => RUN_ENDS.has(kind))
    const own = { stream: runStream(this.#run), expectedVersion, events: this.#marked(events) }
    return (await this.#log.append([own, ...others])).slice(0, events.length)
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
