/** What a rollback has taken back of a run, for its story. */
import type { RunStatus } from '../kernel/journal.ts'
import type { TablesReader } from '../ports/projection.ts'

/** By which run an effect was undone, and the event that says so. */
export interface StoryUndo {
  readonly run: string
  readonly position: number
}

/** The run that undoes what this one did; null for none. */
export function rollbackOf(
  tables: TablesReader,
  run: string,
): { readonly run: string; readonly status: RunStatus } | null {
  const id = `rollback/${run}`
  const row = tables.get<{ status: RunStatus }>('SELECT status FROM runs WHERE id = ?', id)
  return row === undefined ? null : { run: id, status: row.status }
}

/** Undone effects of the run, by name. */
export function undoneOf(tables: TablesReader, run: string): ReadonlyMap<string, StoryUndo> {
  const rows = tables.all<{ name: string; by: string; position: number }>(
    'SELECT name, undone_by AS by, position FROM undone WHERE run = ?',
    run,
  )
  return new Map(rows.map(({ name, by, position }) => [name, { run: by, position }]))
}
