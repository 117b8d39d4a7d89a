/** The queue of runs: what waits to begin, lane by lane, and what holds each lane up. */
import type { TablesReader } from '../ports/projection.ts'

/** Why a queued run has not begun: a place of its concurrency key, its rate, room in the process, its time. */
export type HeldUpBy = 'concurrency' | 'rate' | 'room' | 'time'

export interface HeldUp {
  readonly by: HeldUpBy
  /** Fits after "waits for": `one of 2 places of "order:ann"`. */
  readonly words: string
  /** Milliseconds since 1970 at which it ends by itself; null when it doesn't. */
  readonly until: number | null
}

/** Runs that differ in nothing that the queue looks at; the first of them stands for all. */
export interface QueueLane extends HeldUp {
  readonly workflow: string
  readonly priority: number
  readonly waiting: number
  readonly firstRun: string
  readonly since: number
}

interface LaneRow {
  workflow: string
  priority: number
  slot: string | null
  slot_limit: number | null
  rate: string | null
  rate_limit: number | null
  rate_ms: number | null
  since: number
}

/** What a queued run waits for; null when it is not queued. */
export function heldUp(tables: TablesReader, run: string): (HeldUp & { readonly since: number }) | null {
  const row = tables.get<LaneRow & { before: number }>(
    `SELECT *, (SELECT count(*) FROM runs_queue b WHERE b.lane = q.lane AND b.position < q.position) AS before
     FROM runs_queue q WHERE run = ?`,
    run,
  )
  if (row === undefined) return timeOf(tables, run)
  const first = reasonOf(tables, row)
  const words = row.before === 0 ? first.words : `${first.words}, after ${row.before} before it`
  return { ...first, words, since: row.since }
}

function timeOf(tables: TablesReader, run: string): (HeldUp & { readonly since: number }) | null {
  const timer = tables.get<{ at: number; since: number }>(
    "SELECT at, since FROM runs_timers WHERE run = ? AND type = 'start'",
    run,
  )
  return timer === undefined
    ? null
    : { by: 'time', words: 'the time it is to begin at', until: timer.at, since: timer.since }
}

function reasonOf(tables: TablesReader, row: LaneRow): HeldUp {
  const { slot, slot_limit: places, rate, rate_limit: limit, rate_ms: perMs } = row
  if (slot !== null && places !== null && holders(tables, slot) >= places) {
    return { by: 'concurrency', words: `one of ${places} places of "${slot}"`, until: null }
  }
  const until = rate === null || limit === null || perMs === null ? null : rateEnd(tables, rate, limit, perMs)
  if (until !== null)
    return { by: 'rate', words: `its rate of ${limit} in ${Number(perMs) / 1_000} s`, until }
  return { by: 'room', words: 'its turn', until: null }
}

function holders(tables: TablesReader, slot: string): number {
  const sql = "SELECT count(*) AS n FROM runs WHERE slot = ? AND status IN ('running', 'waiting', 'stalled')"
  return tables.get<{ n: number }>(sql, slot)?.n ?? 0
}

function rateEnd(tables: TablesReader, rate: string, limit: number, perMs: number): number | null {
  const full = tables.get<{ at: number }>(
    'SELECT at FROM runs_rates WHERE key = ? ORDER BY at DESC LIMIT 1 OFFSET ?',
    rate,
    limit - 1,
  )
  return full === undefined ? null : full.at + perMs
}

/** Those of the highest priority first, then those that wait longest; what begins later comes last. */
export function queueLanes(tables: TablesReader, limit = 50): QueueLane[] {
  const rows = tables.all<LaneRow & { waiting: number; run: string; position: number }>(
    `SELECT *, count(*) AS waiting, min(position) FROM runs_queue
     GROUP BY lane ORDER BY priority DESC, position LIMIT ?`,
    limit,
  )
  const lanes = rows.map((row): QueueLane => {
    const { workflow, priority, waiting, run: firstRun, since } = row
    return { workflow, priority, waiting, firstRun, since, ...reasonOf(tables, row) }
  })
  return [...lanes, ...later(tables, limit - lanes.length)]
}

function later(tables: TablesReader, limit: number): QueueLane[] {
  const rows = tables.all<{
    workflow: string
    firstRun: string
    since: number
    until: number
    waiting: number
  }>(
    `SELECT r.workflow, t.run AS firstRun, t.since, min(t.at) AS until, count(*) AS waiting
     FROM runs_timers t JOIN runs r ON r.id = t.run WHERE t.type = 'start'
     GROUP BY r.workflow ORDER BY until LIMIT ?`,
    Math.max(0, limit),
  )
  const words = 'the time it is to begin at'
  return rows.map((row) => ({ ...row, priority: 0, by: 'time', words }))
}
