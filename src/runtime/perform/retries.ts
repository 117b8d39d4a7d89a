/** Attempts of one run that wait for their time. */
export class Retries {
  readonly #waiting = new Map<string, () => void>()
  /** Operations whose time has come before the code has asked for them. */
  readonly #due = new Set<string>()

  /** Calls `again` when the time of the operation's next attempt comes. */
  later(name: string, again: () => void): void {
    this.#due.delete(name)
    this.#waiting.set(name, again)
  }

  /**
   * As `later`, for an attempt whose time was set before the run came back. It may have come already, though
   * the clock shows less: then the clock was set back since, and no alarm comes again.
   */
  resume(name: string, again: () => void): void {
    if (this.#due.delete(name)) again()
    else this.#waiting.set(name, again)
  }

  due(name: string): void {
    const again = this.#waiting.get(name)
    this.#waiting.delete(name)
    if (again === undefined) this.#due.add(name)
    else again()
  }

  clear(): void {
    this.#waiting.clear()
  }
}
