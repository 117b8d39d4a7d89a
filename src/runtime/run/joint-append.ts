/**
 * Records of several runs in one commit: each is written by the writer of its own run, on condition of what that run has
 * written before, and all of them go to the log together, or none does.
 *
 * All must join in one turn of the event loop, before anything else of these runs is written; then `commit`.
 */
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'

/** What goes to the log in the same commit as an outcome. */
export interface Beside {
  readonly others?: readonly StreamAppend[]
  /** Together with records of other runs. */
  readonly joint?: JointAppend
}

export class JointAppend {
  readonly #parts = new Map<string, StreamAppend>()
  readonly #others: StreamAppend[] = []
  /** Of the runs that are in the process: what they write behind this is refused with it. */
  readonly #writers: object[] = []
  readonly #durable = Promise.withResolvers<void>()

  constructor() {
    // Whoever joins handles it for its own run; nobody may have joined.
    this.#durable.promise.catch(() => {})
  }

  /** Resolves once all are durable; rejects with why none is. */
  append(parts: readonly StreamAppend[], writer?: object): Promise<void> {
    if (writer !== undefined) this.#writers.push(writer)
    for (const part of parts) {
      const known = this.#parts.get(part.stream)
      if (part.expectedVersion === 'any') this.#others.push(part)
      else if (known === undefined) this.#parts.set(part.stream, part)
      else this.#parts.set(part.stream, { ...known, events: [...known.events, ...part.events] })
    }
    return this.#durable.promise
  }

  /** @throws LOG_CONFLICT, LOG_WRITE_FAILED, LOG_EPOCH_STALE, LOG_CLOSED */
  async commit(log: EventLog): Promise<void> {
    log.append([...this.#parts.values(), ...this.#others], [], { writers: this.#writers }).then(
      () => this.#durable.resolve(),
      (error) => this.#durable.reject(error),
    )
    await this.#durable.promise
  }
}
