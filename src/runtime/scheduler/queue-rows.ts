/**
 * The part of the projection `runs` that the queue is read from: the runs that wait to be admitted, in lanes,
 * and the times at which runs with a rate were admitted.
 *
 * A lane holds runs that differ in nothing that the queue looks at: same workflow, priority, concurrency key
 * and rate key. Within a lane the order is that of the log, so what holds its first run up holds up all of it.
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { placeFromJson, type QueuePlace } from '../../kernel/scheduling.ts'
import type { Tables } from '../../ports/projection.ts'

export const QUEUE_TABLES = ['runs_queue', 'runs_rates'] as const

export const QUEUE_SCHEMA = `
    CREATE TABLE runs_queue (
      run TEXT PRIMARY KEY, lane TEXT NOT NULL, position INTEGER NOT NULL, workflow TEXT NOT NULL,
      priority INTEGER NOT NULL, slot TEXT, slot_limit INTEGER, rate TEXT, rate_limit INTEGER, rate_ms INTEGER,
      since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_queue_by_lane ON runs_queue (lane, position);
    CREATE INDEX runs_queue_by_slot ON runs_queue (slot, lane) WHERE slot IS NOT NULL;
    CREATE TABLE runs_rates (
      key TEXT NOT NULL, at INTEGER NOT NULL, run TEXT NOT NULL, PRIMARY KEY (key, at, run)
    ) STRICT, WITHOUT ROWID;`

export interface QueueRow {
  readonly run: string
  readonly lane: string
  /** Of the event that put it into the queue. */
  readonly position: number
  readonly workflow: string
  readonly priority: number
  readonly slot: string | null
  readonly slot_limit: number | null
  readonly rate: string | null
  readonly rate_limit: number | null
  readonly rate_ms: number | null
  readonly since: number
}

export function laneOf(workflow: string, { priority, slot, rate }: QueuePlace): string {
  return JSON.stringify([workflow, priority, slot?.key ?? null, rate?.key ?? null])
}

export function enqueue(event: StoredEvent, run: string, workflow: string, tables: Tables): void {
  const place = placeFromJson((event.body?.queue ?? {}) as JsonObject)
  tables.run(
    `INSERT INTO runs_queue (run, lane, position, workflow, priority, slot, slot_limit, rate, rate_limit, rate_ms, since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run,
    laneOf(workflow, place),
    event.position,
    workflow,
    place.priority,
    place.slot?.key ?? null,
    place.slot?.limit ?? null,
    place.rate?.key ?? null,
    place.rate?.limit ?? null,
    place.rate?.perMs ?? null,
    event.time,
  )
}

export function dequeue(run: string, tables: Tables): void {
  tables.run('DELETE FROM runs_queue WHERE run = ?', run)
}

/** Keeps the times of one period only. */
export function noteRate(event: StoredEvent, run: string, tables: Tables): void {
  const rate = event.body?.rate as { key: string; perMs: number } | undefined
  if (rate === undefined) return
  tables.run('DELETE FROM runs_rates WHERE key = ? AND at <= ?', rate.key, event.time - rate.perMs)
  tables.run('INSERT INTO runs_rates (key, at, run) VALUES (?, ?, ?)', rate.key, event.time, run)
}
