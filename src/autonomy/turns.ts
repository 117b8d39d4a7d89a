/** One after the other: each begins when the one before is over, however that ended. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #open = 0

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#open += 1
    const mine = this.#last.then(work)
    const over = (): void => {
      this.#open -= 1
    }
    this.#last = mine.then(over, over)
    return await mine
  }

  /** Resolves when nothing is open, with whether anything was. */
  async idle(): Promise<boolean> {
    if (this.#open === 0) return false
    while (this.#open > 0) await this.#last
    return true
  }
}
