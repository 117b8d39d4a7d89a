import { never } from './never.ts'

/** How long a closing process waits for calls that it has aborted. */
export const ABORTED_CALL_MS = 1_000

/** What of one run is under way in this process: parking, the end of the run, closing and coming back wait for it. */
export class Activity {
  #working = 0
  readonly #effects = new Set<Promise<unknown>>()
  /** Each with what calls off its time limit. */
  readonly #calls = new Map<Promise<unknown>, () => void>()
  readonly #waiting: (() => void)[] = []
  /** Resolves when the rest is no longer waited for. */
  /** Made when somebody waits for it. */
  #abandoned: PromiseWithResolvers<void> | null = null
  #isAbandoned = false

  /** Whether something is under way that parking must not cut off. */
  get busy(): boolean {
    return this.#working > 0
  }

  /** Whether a function of a step, a connector or a model has not come back yet. */
  get calling(): boolean {
    return this.#calls.size > 0
  }

  enter(): void {
    this.#working += 1
  }

  leave(): void {
    this.#working -= 1
    if (!this.busy) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** An effect between intent and outcome. */
  effect(done: Promise<unknown>): void {
    this.#effects.add(done)
    void done.finally(() => this.#effects.delete(done))
  }

  /**
   * Calls what may take long and must not be made twice at a time: a step's function, a connector, a model.
   * Once abandoned, it calls nothing and never resolves.
   */
  async call<T>(make: () => Promise<T>, callOffLimit: () => void = () => {}): Promise<T> {
    if (this.#isAbandoned) {
      callOffLimit()
      return never()
    }
    const made = make()
    this.#calls.set(made, callOffLimit)
    try {
      return await made
    } finally {
      this.#calls.delete(made)
    }
  }

  /** Resolves when nothing is under way, or when it is abandoned. */
  async still(): Promise<void> {
    while (this.busy && !this.#isAbandoned) {
      const still = new Promise<void>((resolve) => this.#waiting.push(resolve))
      await Promise.race([still, this.#abandonment()])
    }
  }

  /** Resolves when the effects under way are over, or when they are abandoned. */
  async effectsOver(): Promise<void> {
    if (this.#effects.size > 0) await Promise.race([Promise.allSettled(this.#effects), this.#abandonment()])
  }

  /** Resolves when the calls under way have come back, however long it takes. */
  async callsOver(): Promise<void> {
    await Promise.allSettled(this.#calls.keys())
  }

  /** Lets go of the calls that have not come back: the process closes. */
  letGo(): void {
    for (const callOffLimit of this.#calls.values()) callOffLimit()
  }

  abandon(): void {
    this.#isAbandoned = true
    this.#abandoned?.resolve()
  }

  #abandonment(): Promise<void> {
    this.#abandoned ??= Promise.withResolvers()
    if (this.#isAbandoned) this.#abandoned.resolve()
    return this.#abandoned.promise
  }

  /** Whether nothing is to be called any more. */
  get isAbandoned(): boolean {
    return this.#isAbandoned
  }
}
