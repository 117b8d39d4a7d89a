/** Rollbacks that may undo the same effects: that of a run, and that of a run which it called. */
import { RUN_ENDS } from '../../kernel/journal.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { isRollback, ROLLBACK, rollbackId, rolledBackBy } from './rollback-id.ts'

/** Name of the review with which a rollback ends: from then on it undoes nothing more. */
export const SETTLE_REST = 'what can not be undone'

const ENDS = JSON.stringify([...RUN_ENDS].map((kind) => kind.slice('run.'.length)))

/** Those that began before the rollback of this run, and are not over. The earliest of all waits for none. */
export function rollbacksBefore(tables: TablesReader, run: string): string[] {
  const rows = tables.all<{ id: string }>(
    `SELECT id FROM runs
     WHERE workflow = ? AND status NOT IN (SELECT value FROM json_each(?))
       AND position < (SELECT position FROM runs WHERE id = ?)
       AND NOT EXISTS (SELECT 1 FROM reviews WHERE reviews.run = runs.id AND reviews.name = ?)
     ORDER BY position`,
    ROLLBACK.name,
    ENDS,
    rollbackId(run),
    SETTLE_REST,
  )
  return rows
    .map(({ id }) => id)
    .filter((id) => isRollback(id))
    .filter((id) => {
      const other = rolledBackBy(id)
      return isCalledBy(tables, other, run) || isCalledBy(tables, run, other)
    })
}

/** Whether a run called the other, or one that did. */
function isCalledBy(tables: TablesReader, run: string, caller: string): boolean {
  for (let at: string | null = run; at !== null; ) {
    const row: { parent: string | null; mode: string | null } | undefined = tables.get(
      'SELECT parent, parent_mode AS mode FROM runs WHERE id = ?',
      at,
    )
    at = row?.mode === 'spawn' ? null : (row?.parent ?? null)
    if (at === caller) return true
  }
  return false
}
