/** Lets so many through in a turn of the event loop; the others go on in the turns after it, in order. */
export class Turnstile {
  readonly #limit: number
  readonly #waiting: (() => void)[] = []
  #passed = 0
  #scheduled = false

  constructor(limit: number) {
    this.#limit = limit
  }

  pass(): Promise<void> | undefined {
    this.#schedule()
    if (this.#passed < this.#limit && this.#waiting.length === 0) {
      this.#passed += 1
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#next())
  }

  #next(): void {
    this.#scheduled = false
    const through = this.#waiting.splice(0, this.#limit)
    this.#passed = through.length
    for (const resolve of through) resolve()
    if (this.#passed > 0) this.#schedule()
  }
}
