/**
 * The part of the projection `runs` that the dead letters are read from: runs that have failed and wait for the
 * operator. One whose parent is open is none, since the parent is given its failure; nor is one that a caller
 * waited for, nor one of an agent, which has set the event aside.
 *
 * A run that was reopened stays, marked, until it comes to another end.
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { Tables } from '../../ports/projection.ts'

export const DEAD_SCHEMA = `
    CREATE TABLE runs_dead (
      run TEXT PRIMARY KEY, workflow TEXT NOT NULL, position INTEGER NOT NULL, time INTEGER NOT NULL,
      since INTEGER NOT NULL, failures INTEGER NOT NULL, retried INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_dead_by_workflow ON runs_dead (workflow, retried, position);`

/** To be called before its status is noted. */
export function noteDead({ position, time }: StoredEvent, run: string, tables: Tables): void {
  tables.run(
    `INSERT INTO runs_dead (run, workflow, position, time, since, failures, retried)
     SELECT r.id, r.workflow, ?2, ?3, ?3, 1, 0 FROM runs r LEFT JOIN runs p ON p.id = r.parent
     WHERE r.id = ?1 AND r.awaited = 0 AND NOT (coalesce(r.parent_mode, '') = 'call'
       AND coalesce(p.status, '') IN ('queued', 'running', 'waiting', 'stalled'))
     ON CONFLICT DO UPDATE SET position = excluded.position, time = excluded.time, failures = failures + 1, retried = 0`,
    run,
    position,
    time,
  )
}

export function noteReopened({ position }: StoredEvent, run: string, tables: Tables): void {
  tables.run('UPDATE runs SET reopened = ? WHERE id = ?', position, run)
  tables.run('UPDATE runs_dead SET retried = 1 WHERE run = ?', run)
}

/** Of a run that has ended otherwise; few were ever reopened. */
export function noteGoodEnd(run: string, tables: Tables): void {
  const row = tables.get<{ reopened: number }>('SELECT reopened FROM runs WHERE id = ?', run)
  if (row !== undefined && row.reopened > 0) forgetDead(run, tables)
}

export function forgetDead(run: string, tables: Tables): void {
  tables.run('DELETE FROM runs_dead WHERE run = ?', run)
}
