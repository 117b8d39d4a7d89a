/** What of one run is under way in this process: parking, the end of the run, closing and coming back wait for it. */
export class Activity {
  #working = 0
  readonly #effects = new Set<Promise<unknown>>()
  readonly #calls = new Set<Promise<unknown>>()
  readonly #waiting: (() => void)[] = []
  /** Resolves when the rest is no longer waited for. */
  readonly #abandoned = Promise.withResolvers<void>()
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

  /** Calls what may take long and must not be made twice at a time: a step's function, a connector, a model. */
  async call<T>(make: () => Promise<T>): Promise<T> {
    const made = make()
    this.#calls.add(made)
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
      await Promise.race([still, this.#abandoned.promise])
    }
  }

  /** Resolves when the effects under way are over, or when they are abandoned. */
  async effectsOver(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#effects), this.#abandoned.promise])
  }

  /** Resolves when the calls under way have come back, however long it takes. */
  async callsOver(): Promise<void> {
    await Promise.allSettled(this.#calls)
  }

  abandon(): void {
    this.#isAbandoned = true
    this.#abandoned.resolve()
  }
}
