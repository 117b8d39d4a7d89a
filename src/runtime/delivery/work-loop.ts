/**
 * Work that is done one turn at a time, and again whenever there may be more of it. Whoever is told of something
 * new wakes it; however often that happens, no two turns overlap and none is left out.
 *
 * A turn that the store refuses has put nothing on record. It is looked at anew: at once, when somebody else was
 * quicker; else after a pause that no waking cuts short, so that a full disk is not asked with every event.
 */
import { isHoldfastError } from '../../kernel/errors.ts'
import type { Clock } from '../../ports/clock.ts'

const PAUSE_MS = 1_000

export interface Work {
  /** One commit at most; resolves with whether there may be more to do. */
  turn(): Promise<boolean>
  /** Nothing of the last turn is on record. */
  refused(): void
}

export class WorkLoop {
  readonly #clock: Clock
  readonly #work: Work
  #working: Promise<void> | null = null
  #again = false
  #closed = false
  #callOff: (() => void) | null = null

  constructor(clock: Clock, work: Work) {
    this.#clock = clock
    this.#work = work
  }

  wake(): void {
    if (this.#closed) return
    this.#again = true
    if (this.#callOff !== null) return
    this.#working ??= this.#turns()
      .catch((error) => this.#refused(error))
      .finally(() => {
        this.#working = null
        if (this.#again) this.wake()
      })
  }

  /** Resolves with whether there was something under way. */
  async idle(): Promise<boolean> {
    if (this.#working === null) return false
    while (this.#working !== null) await this.#working
    return true
  }

  /** Resolves when what was begun is on record; nothing is begun after that. */
  async close(): Promise<void> {
    this.#closed = true
    this.#again = false
    this.#callOff?.()
    await this.#working
  }

  async #turns(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      if (await this.#work.turn()) this.#again = true
    }
  }

  #refused(error: unknown): void {
    this.#work.refused()
    const code = isHoldfastError(error) ? error.code : ''
    this.#again = code === 'LOG_CONFLICT' && !this.#closed
    if (this.#again || this.#closed || code === 'LOG_CLOSED' || code === 'LOG_EPOCH_STALE') return
    this.#callOff = this.#clock.after(PAUSE_MS, () => {
      this.#callOff = null
      this.wake()
    })
  }
}
