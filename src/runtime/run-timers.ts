/** Durable timers: one alarm of the clock for the earliest of all, however many there are. */
import type { Clock } from '../ports/clock.ts'
import type { TablesReader } from '../ports/projection.ts'

/** Due timers handed out in one turn; the rest follow in the next, so that the process stays responsive. */
const BATCH = 500

export class RunTimers {
  readonly #tables: TablesReader
  readonly #clock: Clock
  readonly #onDue: (run: string, name: string) => void
  /** Timers handed out whose record is still there, by run: `name@at`. */
  readonly #fired = new Map<string, Set<string>>()
  #cancel: () => void = () => {}
  #alarmAt = Number.POSITIVE_INFINITY
  #running = false

  constructor(tables: TablesReader, clock: Clock, onDue: (run: string, name: string) => void) {
    this.#tables = tables
    this.#clock = clock
    this.#onDue = onDue
  }

  /** From now on timers are handed out; those that are due already by the next `look`. */
  start(): void {
    this.#running = true
  }

  stop(): void {
    this.#running = false
    this.#cancel()
  }

  /** A timer was set for this time. */
  consider(at: number): void {
    if (this.#running && at < this.#alarmAt) this.#setAlarm(at)
  }

  /** The run has left the process; what it did not act on is handed out again. */
  forget(run: string): void {
    this.#fired.delete(run)
  }

  #setAlarm(at: number): void {
    this.#cancel()
    this.#alarmAt = at
    this.#cancel = this.#clock.wakeAt(at, () => this.look())
  }

  /** Hands out what is due, and sets the alarm for what comes next. */
  look(): void {
    if (!this.#running) return
    this.#alarmAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let handed = 0
    for (const { run, name, at } of this.#due(now)) {
      if (!this.#mark(run, `${name}@${at}`)) continue
      handed += 1
      this.#onDue(run, name)
      if (handed >= BATCH) break
    }
    if (handed >= BATCH) {
      setImmediate(() => this.look())
      return
    }
    const next = this.#tables.get<{ at: number }>(
      'SELECT at FROM runs_timers WHERE at > ? ORDER BY at LIMIT 1',
      now,
    )
    if (next !== undefined) this.consider(next.at)
  }

  #due(now: number): { run: string; name: string; at: number }[] {
    return this.#tables.all('SELECT run, name, at FROM runs_timers WHERE at <= ? ORDER BY at', now)
  }

  #mark(run: string, timer: string): boolean {
    const fired = this.#fired.get(run) ?? new Set()
    if (fired.has(timer)) return false
    this.#fired.set(run, fired.add(timer))
    return true
  }
}
