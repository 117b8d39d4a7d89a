/** The projection of the breakers: those that have ever opened, and the effects that wait for each. */

import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection, Tables, TablesReader } from '../../ports/projection.ts'

export interface BreakerRow {
  readonly connector: string
  readonly status: 'closed' | 'open' | 'probing'
  /** How often it has opened without having closed; 0 when it is closed. */
  readonly times: number
  /** Milliseconds since 1970 of its last change. */
  readonly since: number
  /** When it lets a probe through; null when it is closed. */
  readonly until: number | null
  /** What it opened with last. */
  readonly code: string
  readonly message: string
  /** The run whose effect probes, or closed it; null for none. */
  readonly run: string | null
}

export interface HeldEffect {
  readonly run: string
  readonly name: string
  readonly position: number
}

export const breakerIndex: Projection = {
  name: 'breakers',
  version: 1,
  tables: ['breakers', 'breakers_held'],
  schema: `
    CREATE TABLE breakers (
      connector TEXT PRIMARY KEY, status TEXT NOT NULL, times INTEGER NOT NULL, since INTEGER NOT NULL,
      until INTEGER, code TEXT NOT NULL, message TEXT NOT NULL, run TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE breakers_held (
      run TEXT NOT NULL, name TEXT NOT NULL, connector TEXT NOT NULL, since INTEGER NOT NULL,
      position INTEGER NOT NULL, PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX breakers_held_by_connector ON breakers_held (connector, position);`,
  kinds: [
    'breaker.opened',
    'breaker.probing',
    'breaker.closed',
    ...['held', 'intended', 'succeeded', 'failed'].flatMap((how) => [`effect.${how}`, `undo.${how}`]),
    'run.completed',
    'run.failed',
    'run.cancelled',
    'run.continued',
  ],
  apply(event, tables) {
    if (event.kind.startsWith('breaker.')) noteBreaker(event, tables)
    else noteHeld(event, tables)
  },
  /** A run that has ended is held up no longer. */
  erasure: {
    keep: () => null,
    forget({ kind, stream }, tables) {
      if (kind.startsWith('breaker.')) return false
      const run = runOf(stream)
      return tables.get('SELECT 1 FROM breakers_held WHERE run = ? LIMIT 1', run) === undefined
    },
  },
}

function noteBreaker({ kind, body, time }: StoredEvent, tables: Tables): void {
  if (body === null) return
  const connector = String(body.connector)
  const run = typeof body.run === 'string' ? body.run : null
  if (kind === 'breaker.opened') {
    const { code, message } = body.error as JsonObject
    tables.run(
      `INSERT INTO breakers (connector, status, times, since, until, code, message, run)
       VALUES (?, 'open', ?, ?, ?, ?, ?, NULL)
       ON CONFLICT DO UPDATE SET status = 'open', times = excluded.times, since = excluded.since,
         until = excluded.until, code = excluded.code, message = excluded.message, run = NULL`,
      connector,
      Number(body.times),
      time,
      Number(body.until),
      String(code),
      String(message),
    )
  } else if (kind === 'breaker.probing') {
    tables.run(
      "UPDATE breakers SET status = 'probing', since = ?, run = ? WHERE connector = ?",
      time,
      run,
      connector,
    )
  } else {
    tables.run(
      "UPDATE breakers SET status = 'closed', times = 0, since = ?, until = NULL, run = ? WHERE connector = ?",
      time,
      run,
      connector,
    )
  }
}

function noteHeld({ kind, stream, body, time, position }: StoredEvent, tables: Tables): void {
  const run = runOf(stream)
  if (kind.startsWith('run.')) tables.run('DELETE FROM breakers_held WHERE run = ?', run)
  else if (body === null) return
  else if (kind.endsWith('.held') && body.connector !== undefined) {
    tables.run(
      'INSERT OR REPLACE INTO breakers_held (run, name, connector, since, position) VALUES (?, ?, ?, ?, ?)',
      run,
      String(body.name),
      String(body.connector),
      time,
      position,
    )
  } else tables.run('DELETE FROM breakers_held WHERE run = ? AND name = ?', run, String(body.name))
}

/** The breakers that have ever opened, by the name of their connector. */
export function listBreakers(tables: TablesReader): BreakerRow[] {
  return tables
    .all<BreakerRow & { [field: string]: never }>('SELECT * FROM breakers ORDER BY connector')
    .map((row) => ({ ...row }))
}

/** Effects that wait for the breaker, the longest waiting first, of those held after this position of the log. */
export function heldEffects(
  tables: TablesReader,
  connector: string,
  after: number,
  limit: number,
): HeldEffect[] {
  return tables.all(
    `SELECT run, name, position FROM breakers_held WHERE connector = ? AND position > ?
     ORDER BY position LIMIT ?`,
    connector,
    after,
    limit,
  )
}

export function countHeld(tables: TablesReader, connector: string): number {
  const counted = tables.get<{ n: number }>(
    'SELECT count(*) AS n FROM breakers_held WHERE connector = ?',
    connector,
  )
  return counted?.n ?? 0
}
