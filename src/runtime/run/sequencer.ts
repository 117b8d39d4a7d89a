import { nextTurn } from './turns.ts'

/**
 * Hands outcomes to workflow code in the order of the journal, one a turn (turns.ts), so that the
 * code between two outcomes has run to its next wait before the second arrives. A resumed run that is
 * given the same journal then takes the same path, races and parallel branches included.
 *
 * Why: docs/decisions/0003-steps-by-name-outcomes-in-journal-order.md
 */
export class Sequencer {
  readonly #waiting: { readonly version: number; readonly deliver: () => void }[] = []
  readonly #onQuiet: () => void
  #turnTaken = false
  #stopped = false

  /** `onQuiet` is called once after each spell of deliveries, when the code has come to rest. */
  constructor(onQuiet: () => void) {
    this.#onQuiet = onQuiet
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && !this.#turnTaken
  }

  /** Lets the code run until it rests, then goes on with what has arrived meanwhile. */
  begin(): void {
    this.#takeTurn()
  }

  push(version: number, deliver: () => void): void {
    this.#waiting.push({ version, deliver })
    this.#next()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.length = 0
  }

  #next(): void {
    if (this.#turnTaken || this.#stopped) return
    let lowest = 0
    for (let i = 1; i < this.#waiting.length; i += 1) {
      if ((this.#waiting[i]?.version ?? 0) < (this.#waiting[lowest]?.version ?? 0)) lowest = i
    }
    const item = this.#waiting.length === 1 ? this.#waiting.pop() : this.#waiting.splice(lowest, 1)[0]
    if (item === undefined) return
    this.#takeTurn()
    item.deliver()
  }

  #takeTurn(): void {
    this.#turnTaken = true
    nextTurn(() => {
      this.#turnTaken = false
      if (this.#stopped) return
      if (this.#waiting.length > 0) this.#next()
      else this.#onQuiet()
    })
  }
}
