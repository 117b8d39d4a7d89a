/** What runs wait for that has come already, read from the tables: for a start, and for a run that comes back. */
import type { EventLog } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { PAGE } from '../scheduler/pager.ts'

export interface MissedEvent {
  readonly run: string
  readonly kind: string
  readonly key: string
}

export interface EndedChild {
  readonly id: string
  readonly parent: string
  /** Of the parent's operation. */
  readonly parent_name: string
}

/** Of all runs, or of one. */
export function missedEvents(tables: TablesReader, run?: string): MissedEvent[] {
  return tables.all(
    `SELECT DISTINCT w.run, w.kind, w.key FROM runs_waits w
     JOIN published p ON p.kind = w.kind AND p.key = w.key AND p.position > w.after
     ${run === undefined ? '' : 'WHERE w.run = ?'}`,
    ...(run === undefined ? [] : [run]),
  )
}

/** Whether any run waits for this kind, and key if one is given. */
export function isAwaited(tables: TablesReader, kind: string, key?: string): boolean {
  const row =
    key === undefined
      ? tables.get('SELECT 1 FROM runs_waits WHERE kind = ? LIMIT 1', kind)
      : tables.get('SELECT 1 FROM runs_waits WHERE kind = ? AND key = ? LIMIT 1', kind, key)
  return row !== undefined
}

/** Open waits for a kind and key that began before the position, in order of run and name after `last`. */
export function waitsFor(
  tables: TablesReader,
  { kind, key, before }: { readonly kind: string; readonly key: string; readonly before: number },
  last: { readonly run: string; readonly name: string },
  limit: number,
): { readonly run: string; readonly name: string; readonly after: number }[] {
  return tables.all(
    `SELECT run, name, after FROM runs_waits
     WHERE kind = ? AND key = ? AND after < ? AND (run, name) > (?, ?) ORDER BY run, name LIMIT ?`,
    kind,
    key,
    before,
    last.run,
    last.name,
    limit,
  )
}

/**
 * Ended children of runs that have not ended, or of one run. Some of them may be known to their parents. Looked
 * up from the parents: the ended runs are all that ever were.
 */
export function endedChildren(tables: TablesReader, parent?: string): EndedChild[] {
  return tables.all(
    `SELECT c.id, c.parent, c.parent_name FROM runs p CROSS JOIN runs c ON c.parent = p.id
     WHERE p.status IN ('running', 'waiting', 'stalled') AND c.status IN ('completed', 'failed', 'cancelled')
       AND c.parent_mode = 'call'
     ${parent === undefined ? '' : 'AND p.id = ?'}`,
    ...(parent === undefined ? [] : [parent]),
  )
}

export function isReopened(tables: TablesReader, run: string): boolean {
  return tables.get('SELECT 1 FROM runs WHERE id = ? AND reopened > 0', run) !== undefined
}

/** Hands out the runs of a status that began before now, in order of their start; each call is one page. */
export function pagesOfRuns(log: EventLog, status: string, each: (run: string) => void): () => boolean {
  const upTo = log.head().position
  let last = 0
  return () => {
    const page = log.tables.all<{ id: string; position: number }>(
      'SELECT id, position FROM runs WHERE status = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?',
      status,
      last,
      upTo,
      PAGE,
    )
    for (const { id } of page) each(id)
    last = page.at(-1)?.position ?? upTo
    return page.length === PAGE
  }
}
