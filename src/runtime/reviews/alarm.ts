import type { Clock } from '../../ports/clock.ts'

/** Rings at the earliest of the times of day that it was set to, and after a wait, whatever becomes of the time of day. */
export class Alarm {
  readonly #clock: Pick<Clock, 'wakeAt' | 'after'>
  readonly #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #callOffTime: () => void = () => {}
  #callOffWait: (() => void) | null = null

  constructor(clock: Pick<Clock, 'wakeAt' | 'after'>, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** @param at milliseconds since 1970 */
  at(at: number): void {
    if (at >= this.#at) return
    this.#callOffTime()
    this.#at = at
    this.#callOffTime = this.#clock.wakeAt(at, () => {
      this.#at = Number.POSITIVE_INFINITY
      this.#ring()
    })
  }

  /** While a wait goes on, no other begins. */
  after(ms: number): void {
    this.#callOffWait ??= this.#clock.after(ms, () => {
      this.#callOffWait = null
      this.#ring()
    })
  }

  off(): void {
    this.#callOffTime()
    this.#callOffWait?.()
  }
}
