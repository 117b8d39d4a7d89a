/** When nothing is under way, and who waits for that. */
export class Rest {
  readonly #goOn: () => void
  readonly #isBusy: () => boolean
  readonly #waiting: (() => void)[] = []
  #scheduled = false

  /** `goOn` takes up what there is room for; called in a turn of the event loop of its own. */
  constructor(goOn: () => void, isBusy: () => boolean) {
    this.#goOn = goOn
    this.#isBusy = isBusy
  }

  /** Something was finished. */
  moveOn(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#goOn()
      if (!this.#isBusy()) this.tell()
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#isBusy()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
