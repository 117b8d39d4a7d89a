/** The projection of the schedules: how each is set, up to when its times are done with, whether it is paused. */
import type { StoredEvent } from '../../kernel/event.ts'
import type { Projection, Tables } from '../../ports/projection.ts'

export const SCHEDULE_STREAM = 'schedule/'

export interface ScheduleRow {
  readonly name: string
  readonly cron: string
  readonly time_zone: string
  readonly workflow: string
  readonly missed: string
  /** 1 while it is paused. */
  readonly paused: number
  /** Times up to this one are done with: fired, passed over, or before it was set. */
  readonly done_up_to: number
  readonly last_run: string | null
  readonly last_at: number | null
  readonly fired: number
}

export const scheduleIndex: Projection = {
  name: 'schedules',
  version: 1,
  tables: ['schedules'],
  schema: `
    CREATE TABLE schedules (
      name TEXT PRIMARY KEY, cron TEXT NOT NULL, time_zone TEXT NOT NULL, workflow TEXT NOT NULL,
      missed TEXT NOT NULL, paused INTEGER NOT NULL, done_up_to INTEGER NOT NULL, last_run TEXT, last_at INTEGER,
      fired INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['schedule.set', 'schedule.fired', 'schedule.missed', 'schedule.paused', 'schedule.resumed'],
  apply(event, tables) {
    const name = event.stream.slice(SCHEDULE_STREAM.length)
    if (event.kind === 'schedule.set') set(event, name, tables)
    else if (event.kind === 'schedule.fired') fired(event, name, tables)
    else if (event.kind === 'schedule.missed') doneUpTo(Number(event.body?.to ?? 0), name, tables)
    else if (event.kind === 'schedule.paused') pause(1, name, tables)
    else {
      pause(0, name, tables)
      doneUpTo(event.time, name, tables)
    }
  },
}

function set({ body, time }: StoredEvent, name: string, tables: Tables): void {
  tables.run(
    `INSERT INTO schedules (name, cron, time_zone, workflow, missed, paused, done_up_to, fired)
     VALUES (?, ?, ?, ?, ?, 0, ?, 0) ON CONFLICT DO UPDATE SET cron = excluded.cron,
       time_zone = excluded.time_zone, workflow = excluded.workflow, missed = excluded.missed,
       done_up_to = excluded.done_up_to`,
    name,
    String(body?.cron ?? ''),
    String(body?.timeZone ?? 'UTC'),
    String(body?.workflow ?? ''),
    String(body?.missed ?? 'once'),
    Number(body?.from ?? time),
  )
}

function fired({ body, time }: StoredEvent, name: string, tables: Tables): void {
  tables.run(
    'UPDATE schedules SET fired = fired + 1, last_run = ?, last_at = ? WHERE name = ?',
    String(body?.run ?? ''),
    Number(body?.at ?? time),
    name,
  )
  if (body?.by !== 'operator') doneUpTo(Number(body?.at ?? 0), name, tables)
}

function doneUpTo(time: number, name: string, tables: Tables): void {
  tables.run('UPDATE schedules SET done_up_to = max(done_up_to, ?) WHERE name = ?', time, name)
}

function pause(paused: number, name: string, tables: Tables): void {
  tables.run('UPDATE schedules SET paused = ? WHERE name = ?', paused, name)
}

export const SCHEDULES_BY_NAME = 'SELECT * FROM schedules ORDER BY name'
