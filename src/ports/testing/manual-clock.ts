/** A clock driven by hand, so that days pass at once and always in the same order. */
import type { Clock } from '../clock.ts'

interface Alarm {
  readonly atMs: number
  readonly wake: () => void
}

export class ManualClock implements Clock {
  #now: number
  /** What has passed, whatever happened to the time of day. */
  #elapsed = 0
  readonly #alarms = new Set<Alarm>()
  readonly #delays = new Set<Alarm>()
  #pump: NodeJS.Immediate | null = null

  constructor(startMs = Date.UTC(2026, 0, 5, 9)) {
    this.#now = startMs
  }

  now(): number {
    return this.#now
  }

  wakeAt(atMs: number, wake: () => void): () => void {
    return this.#set(this.#alarms, { atMs, wake })
  }

  after(delayMs: number, wake: () => void): () => void {
    return this.#set(this.#delays, { atMs: this.#elapsed + delayMs, wake })
  }

  /** Alarms that are set. */
  get pending(): number {
    return this.#alarms.size + this.#delays.size
  }

  /** Moves time on; what falls due on the way wakes at the end of it. */
  advance(ms: number): void {
    this.#now += ms
    this.#elapsed += ms
    this.#wakeDue()
  }

  /** Moves time on to the next alarm; false when none is set. */
  next(): boolean {
    const waits = [
      ...[...this.#alarms].map(({ atMs }) => atMs - this.#now),
      ...[...this.#delays].map(({ atMs }) => atMs - this.#elapsed),
    ]
    if (waits.length === 0) return false
    this.advance(Math.max(0, Math.min(...waits)))
    return true
  }

  /** Sets the time of day, as an operator does: nothing has passed. */
  set(nowMs: number): void {
    this.#now = nowMs
    this.#wakeDue()
  }

  #set(alarms: Set<Alarm>, alarm: Alarm): () => void {
    alarms.add(alarm)
    if (this.#isDue(alarms, alarm)) this.#wakeSoon()
    return () => {
      alarms.delete(alarm)
    }
  }

  /** An alarm for now wakes in a turn of its own, never within the call that sets it. */
  #wakeSoon(): void {
    this.#pump ??= setImmediate(() => {
      this.#pump = null
      this.#wakeDue()
    })
  }

  #wakeDue(): void {
    for (const alarms of [this.#alarms, this.#delays]) {
      const due = [...alarms].filter((alarm) => this.#isDue(alarms, alarm)).sort((a, b) => a.atMs - b.atMs)
      for (const alarm of due) if (alarms.delete(alarm)) alarm.wake()
    }
  }

  #isDue(alarms: Set<Alarm>, { atMs }: Alarm): boolean {
    return atMs <= (alarms === this.#delays ? this.#elapsed : this.#now)
  }
}
