/** Durable timers: one alarm of the clock for the earliest of all, however many there are. */
import type { StoredEvent } from '../../kernel/event.ts'
import type { Clock } from '../../ports/clock.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { PAGE, type Pager } from '../scheduler/pager.ts'

export interface DueTimer {
  readonly run: string
  readonly name: string
  readonly at: number
  readonly type: 'timer' | 'deadline' | 'retry' | 'held' | 'start'
}

/** Kinds that set a time at which their run is woken, with the field that says it. */
export const TIMES: Readonly<Record<string, string>> = {
  'timer.set': 'at',
  'attempt.failed': 'retryAt',
  'effect.held': 'until',
}

/** Milliseconds since 1970; NaN for none. */
export function timeSetBy({ kind, body }: StoredEvent): number {
  const at = body?.[TIMES[kind] ?? '']
  return typeof at === 'number' ? at : Number.NaN
}

const BEFORE_ALL = { at: Number.MIN_SAFE_INTEGER, run: '', name: '' }

export class RunTimers {
  readonly #tables: TablesReader
  readonly #clock: Clock
  readonly #pager: Pager
  readonly #onDue: (due: DueTimer) => void
  /** Timers handed out whose record is still there, by run: `name@at`. */
  readonly #fired = new Map<string, Set<string>>()
  #cancel: () => void = () => {}
  #alarmAt = Number.POSITIVE_INFINITY
  #running = false
  #looking: 'no' | 'yes' | 'again' = 'no'

  constructor(tables: TablesReader, clock: Clock, pager: Pager, onDue: (due: DueTimer) => void) {
    this.#tables = tables
    this.#clock = clock
    this.#pager = pager
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

  /** What came of the run's timers could not be put on record: they are handed out again. */
  again(run: string, delayMs: number): void {
    this.forget(run)
    this.consider(this.#clock.now() + delayMs)
  }

  #setAlarm(at: number): void {
    this.#cancel()
    this.#alarmAt = at
    this.#cancel = this.#clock.wakeAt(at, () => this.look())
  }

  /** Hands out what is due, page by page, and then sets the alarm for what comes next. */
  look(): void {
    if (!this.#running) return
    if (this.#looking !== 'no') {
      this.#looking = 'again'
      return
    }
    this.#looking = 'yes'
    this.#alarmAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    let last = BEFORE_ALL
    this.#pager.begin(() => {
      const due = this.#due(now, last)
      for (const timer of due) if (this.#mark(timer.run, `${timer.name}@${timer.at}`)) this.#onDue(timer)
      last = due.at(-1) ?? last
      if (due.length === PAGE) return true
      this.#seen(now)
      return false
    })
  }

  #seen(now: number): void {
    const again = this.#looking === 'again'
    this.#looking = 'no'
    if (again) {
      this.look()
      return
    }
    const next = this.#tables.get<{ at: number }>(
      'SELECT at FROM runs_timers WHERE at > ? ORDER BY at LIMIT 1',
      now,
    )
    if (next !== undefined) this.consider(next.at)
  }

  /** One page, in order of time. */
  #due(now: number, last: typeof BEFORE_ALL): DueTimer[] {
    return this.#tables.all(
      `SELECT run, name, at, type FROM runs_timers
       WHERE at <= ? AND (at, run, name) > (?, ?, ?) ORDER BY at, run, name LIMIT ?`,
      now,
      last.at,
      last.run,
      last.name,
      PAGE,
    )
  }

  #mark(run: string, timer: string): boolean {
    const fired = this.#fired.get(run) ?? new Set()
    if (fired.has(timer)) return false
    this.#fired.set(run, fired.add(timer))
    return true
  }
}
