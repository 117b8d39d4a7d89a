/** What of one run is under way in this process, so that parking, cancelling and closing know what to wait for. */
export class Activity {
  #working = 0
  /** Effects between intent and outcome: the end of the run waits for them. */
  readonly #effects = new Set<Promise<unknown>>()
  /** Calls of step functions, connectors and models. */
  readonly #attempts = new Set<Promise<unknown>>()
  readonly #onStill: (() => void)[] = []
  /** No more is waited for: the execution was dropped, or took too long. */
  #abandoned = false

  /** Whether something is under way that parking must not cut off. */
  get busy(): boolean {
    return this.#working > 0
  }

  get calling(): boolean {
    return this.#attempts.size > 0
  }

  enter(): void {
    this.#working += 1
  }

  leave(): void {
    this.#working -= 1
    if (this.#working === 0) this.#tell()
  }

  effect(done: Promise<unknown>): void {
    this.#effects.add(done)
    void done.finally(() => this.#effects.delete(done))
  }

  async attempt<T>(call: () => Promise<T>): Promise<T> {
    const made = call()
    this.#attempts.add(made)
    try {
      return await made
    } finally {
      this.#attempts.delete(made)
    }
  }

  /** Resolves when nothing is under way, or at `abandon`. */
  async still(): Promise<void> {
    while (this.busy && !this.#abandoned) await new Promise<void>((resolve) => this.#onStill.push(resolve))
  }

  /** Resolves when the effects under way have an outcome, or at `abandon`. */
  async effectsOver(): Promise<void> {
    const over = Promise.allSettled(this.#effects)
    await Promise.race([over, new Promise<void>((resolve) => this.#onAbandon.push(resolve))])
  }

  /** Resolves when the calls under way have come back. */
  async callsOver(): Promise<void> {
    await Promise.allSettled(this.#attempts)
  }

  abandon(): void {
    this.#abandoned = true
    this.#tell()
  }

  #tell(): void {
    for (const resolve of this.#onStill.splice(0)) resolve()
  }
}
