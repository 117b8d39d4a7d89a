/** The projection of what a stop holds: effects, undoings and decisions that wait for its end. */
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'

/** What holds them, in `effect.held` and its like. */
export const BY_STOP = 'stop'

export interface HeldByStop {
  readonly run: string
  readonly name: string
  readonly position: number
}

export const heldIndex: Projection = {
  name: 'held',
  version: 2,
  tables: ['held'],
  schema: `
    CREATE TABLE held (
      run TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX held_by_position ON held (position);`,
  kinds: [
    ...['held', 'intended', 'succeeded', 'failed'].flatMap((how) => [`effect.${how}`, `undo.${how}`]),
    'decision.held',
    'decision.made',
    'decision.failed',
    'run.completed',
    'run.failed',
    'run.cancelled',
    'run.continued',
  ],
  apply({ kind, stream, body, time, position }, tables) {
    const run = runOf(stream)
    if (kind.startsWith('run.')) tables.run('DELETE FROM held WHERE run = ?', run)
    else if (body === null) return
    else if (body.by === BY_STOP && kind.endsWith('.held')) {
      tables.run('INSERT OR REPLACE INTO held VALUES (?, ?, ?, ?)', run, String(body.name), time, position)
    } else tables.run('DELETE FROM held WHERE run = ? AND name = ?', run, String(body.name))
  },
  /** A run that has ended is held up no longer. */
  erasure: {
    keep: () => null,
    forget: ({ stream }, tables) =>
      tables.get('SELECT 1 FROM held WHERE run = ? LIMIT 1', runOf(stream)) === undefined,
  },
}

/** The longest held first, of those held after this position of the log. */
export function heldByStop(tables: TablesReader, after: number, limit: number): HeldByStop[] {
  return tables.all(
    'SELECT run, name, position FROM held WHERE position > ? ORDER BY position LIMIT ?',
    after,
    limit,
  )
}

export function countHeldByStop(tables: TablesReader): number {
  return tables.get<{ n: number }>('SELECT count(*) AS n FROM held')?.n ?? 0
}
