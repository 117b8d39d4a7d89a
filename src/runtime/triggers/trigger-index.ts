/**
 * The projection of the triggers: how far each has looked at the log, the events that it gathers, and those that
 * it has set aside.
 *
 * An event beyond a trigger's cursor has not been looked at. One before it has started its run, is gathered, is
 * set aside, or was none of the trigger's. Positions and runs stand in the headers (`cause`, `correlation`) too.
 */
import type { ErrorRecord } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Projection, Tables, TablesReader } from '../../ports/projection.ts'

export const TRIGGER_STREAM = 'trigger/'

export interface TriggerRow {
  readonly name: string
  readonly kind: string
  readonly workflow: string
  readonly cursor: number
  /** 1 while it is paused. */
  readonly paused: number
  readonly fired: number
  readonly last_run: string | null
  readonly last_at: number | null
}

export interface SetAsideEvents {
  readonly trigger: string
  /** Of the last of them; they are retried by it. */
  readonly position: number
  readonly positions: readonly number[]
  /** Milliseconds since 1970. */
  readonly time: number
  readonly error: ErrorRecord
}

/** On record of what is gathered under a key: positions that are new, and when it is handed over. */
export type Gathered = readonly [key: string, positions: readonly number[], due: number]

export const triggerIndex: Projection = {
  name: 'triggers',
  version: 2,
  tables: ['triggers', 'triggers_groups', 'triggers_gathered', 'triggers_set_aside'],
  schema: `
    CREATE TABLE triggers (
      name TEXT PRIMARY KEY, kind TEXT NOT NULL, workflow TEXT NOT NULL, cursor INTEGER NOT NULL,
      paused INTEGER NOT NULL, fired INTEGER NOT NULL, last_run TEXT, last_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE triggers_groups (
      trigger TEXT NOT NULL, key TEXT NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (trigger, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX triggers_groups_by_due ON triggers_groups (trigger, due);
    CREATE TABLE triggers_gathered (
      trigger TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (trigger, key, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE triggers_set_aside (
      trigger TEXT NOT NULL, position INTEGER NOT NULL, positions TEXT NOT NULL, time INTEGER NOT NULL,
      error TEXT NOT NULL, PRIMARY KEY (trigger, position)
    ) STRICT, WITHOUT ROWID;`,
  kinds: [
    'trigger.set',
    'trigger.routed',
    'trigger.fired',
    'trigger.set-aside',
    'trigger.retried',
    'trigger.paused',
    'trigger.resumed',
  ],
  apply(event, tables) {
    const name = event.stream.slice(TRIGGER_STREAM.length)
    if (event.kind === 'trigger.set') set(event, name, tables)
    else if (event.kind === 'trigger.routed') routed(event, name, tables)
    else if (event.kind === 'trigger.fired') fired(event, name, tables)
    else if (event.kind === 'trigger.set-aside') setAside(event, name, tables)
    else if (event.kind === 'trigger.paused') pause(1, name, tables)
    else if (event.kind === 'trigger.resumed') resumed(event, name, tables)
    else
      tables.run(
        'DELETE FROM triggers_set_aside WHERE trigger = ? AND position = ?',
        name,
        Number(event.cause),
      )
  },
  erasure: {
    /** Which events, not what was wrong with them. */
    keep({ body }) {
      if (body === null) return null
      const { error, ...rest } = body
      return error === undefined ? rest : { ...rest, error: { code: (error as JsonObject).code ?? '' } }
    },
    forget: ({ kind }) => kind !== 'trigger.set-aside',
  },
}

function set({ body, position }: StoredEvent, name: string, tables: Tables): void {
  tables.run(
    `INSERT INTO triggers (name, kind, workflow, cursor, paused, fired) VALUES (?, ?, ?, ?, 0, 0)
     ON CONFLICT DO UPDATE SET kind = excluded.kind, workflow = excluded.workflow, cursor = excluded.cursor`,
    name,
    String(body?.on ?? ''),
    String(body?.workflow ?? ''),
    Number(body?.after ?? position),
  )
}

function routed({ body, cause }: StoredEvent, name: string, tables: Tables): void {
  for (const [key, positions, due] of (body?.gathered ?? []) as unknown as Gathered[]) {
    tables.run(
      `INSERT INTO triggers_groups (trigger, key, due) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET due = excluded.due`,
      name,
      key,
      due,
    )
    for (const position of positions)
      tables.run(
        'INSERT INTO triggers_gathered (trigger, key, position) VALUES (?, ?, ?)',
        name,
        key,
        position,
      )
  }
  lookedUpTo(cause, name, tables)
}

function fired(event: StoredEvent, name: string, tables: Tables): void {
  tables.run(
    'UPDATE triggers SET fired = fired + 1, last_run = ?, last_at = ? WHERE name = ?',
    event.correlation,
    event.time,
    name,
  )
  handedOver(event, name, tables)
}

function setAside(event: StoredEvent, name: string, tables: Tables): void {
  const { body, cause, time } = event
  tables.run(
    'INSERT INTO triggers_set_aside (trigger, position, positions, time, error) VALUES (?, ?, ?, ?, ?)',
    name,
    Number(cause),
    JSON.stringify(body?.positions ?? [Number(cause)]),
    time,
    JSON.stringify(body?.error ?? {}),
  )
  handedOver(event, name, tables)
}

/** What was gathered under the key is so no longer. */
function handedOver({ body, cause }: StoredEvent, name: string, tables: Tables): void {
  if (typeof body?.key === 'string') {
    tables.run('DELETE FROM triggers_groups WHERE trigger = ? AND key = ?', name, body.key)
    tables.run('DELETE FROM triggers_gathered WHERE trigger = ? AND key = ?', name, body.key)
  }
  lookedUpTo(cause, name, tables)
}

function pause(paused: number, name: string, tables: Tables): void {
  tables.run('UPDATE triggers SET paused = ? WHERE name = ?', paused, name)
}

/** `skipped` is the position up to which events are passed over. */
function resumed({ body }: StoredEvent, name: string, tables: Tables): void {
  pause(0, name, tables)
  if (typeof body?.skipped === 'number') lookedUpTo(body.skipped, name, tables)
}

function lookedUpTo(position: number | null, name: string, tables: Tables): void {
  tables.run('UPDATE triggers SET cursor = max(cursor, ?) WHERE name = ?', Number(position), name)
}

// -- looking --------------------------------------------------------------------------------------

export function triggerRows(tables: TablesReader): TriggerRow[] {
  return tables.all('SELECT * FROM triggers ORDER BY name')
}

export function triggerRow(tables: TablesReader, name: string): TriggerRow | undefined {
  return tables.get('SELECT * FROM triggers WHERE name = ?', name)
}

/** Of one trigger, or of all; the oldest first. */
export function setAsideOf(tables: TablesReader, name?: string): SetAsideEvents[] {
  const rows = tables.all<{
    trigger: string
    position: number
    positions: string
    time: number
    error: string
  }>(
    `SELECT * FROM triggers_set_aside ${name === undefined ? '' : 'WHERE trigger = ?'} ORDER BY trigger, position`,
    ...(name === undefined ? [] : [name]),
  )
  return rows.map(({ positions, error, ...row }) => ({
    ...row,
    positions: JSON.parse(positions) as number[],
    error: JSON.parse(error) as ErrorRecord,
  }))
}

/** Keys whose events are to be handed over by now, those due first. */
export function dueKeys(tables: TablesReader, name: string, now: number, limit: number): string[] {
  return tables
    .all<{ key: string }>(
      'SELECT key FROM triggers_groups WHERE trigger = ? AND due <= ? ORDER BY due, key LIMIT ?',
      name,
      now,
      limit,
    )
    .map(({ key }) => key)
}

export function nextDue(tables: TablesReader, name: string): number | null {
  return (
    tables.get<{ due: number | null }>('SELECT min(due) AS due FROM triggers_groups WHERE trigger = ?', name)
      ?.due ?? null
  )
}

export function gatheredUnder(
  tables: TablesReader,
  name: string,
  key: string,
): { readonly due: number; readonly positions: readonly number[] } | undefined {
  const group = tables.get<{ due: number }>(
    'SELECT due FROM triggers_groups WHERE trigger = ? AND key = ?',
    name,
    key,
  )
  if (group === undefined) return undefined
  const rows = tables.all<{ position: number }>(
    'SELECT position FROM triggers_gathered WHERE trigger = ? AND key = ? ORDER BY position',
    name,
    key,
  )
  return { due: group.due, positions: rows.map(({ position }) => position) }
}

export function gatheredCount(tables: TablesReader, name: string): number {
  const sql = 'SELECT count(*) AS count FROM triggers_gathered WHERE trigger = ?'
  return tables.get<{ count: number }>(sql, name)?.count ?? 0
}
