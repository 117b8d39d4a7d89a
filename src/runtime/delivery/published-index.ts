/**
 * The projection of published events that waits look back at. Most events are of kinds that no run ever waits
 * for, such as those that only agents handle: they are kept in order of position, at the cost of a row at the
 * end of a table. A wait has the events of its kind sorted by key, from where it looks back to on; then those
 * that come are sorted at once.
 */
import type { Projection, Tables, TablesReader } from '../../ports/projection.ts'

export const publishedIndex: Projection = {
  name: 'published',
  version: 2,
  tables: ['published', 'published_kinds', 'published_unsorted'],
  schema: `
    CREATE TABLE published (
      kind TEXT NOT NULL, key TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (kind, key, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE published_kinds (
      kind TEXT PRIMARY KEY, sorted_after INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE published_unsorted (
      position INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL
    ) STRICT;`,
  kinds: ['event.published', 'wait.started'],
  apply({ kind, position, body }, tables) {
    if (body === null) return
    if (kind === 'wait.started') sort(tables, String(body.kind), Number(body.after))
    else if (body.id !== undefined) note(tables, String(body.kind), String(body.key), position)
  },
  erasure: {
    keep({ kind, body }) {
      if (body === null) return null
      const { key, after } = body
      return kind === 'wait.started'
        ? { kind: body.kind ?? '', after: after ?? 0 }
        : { kind: body.kind ?? '', key: key ?? '' }
    },
    /** An event without its content is there for no wait any more. */
    forget({ kind, position, body }, tables) {
      if (kind !== 'event.published') return true
      const row = [String(body?.kind), String(body?.key), position] as const
      tables.run('DELETE FROM published WHERE kind = ? AND key = ? AND position = ?', ...row)
      tables.run('DELETE FROM published_unsorted WHERE position = ?', position)
      return true
    },
  },
}

function note(tables: Tables, kind: string, key: string, position: number): void {
  const table = sortedAfter(tables, kind) === undefined ? 'published_unsorted' : 'published'
  tables.run(`INSERT INTO ${table} (kind, key, position) VALUES (?, ?, ?)`, kind, key, position)
}

/** Has all events of the kind after that position sorted. */
function sort(tables: Tables, kind: string, after: number): void {
  const upTo = sortedAfter(tables, kind) ?? Number.MAX_SAFE_INTEGER
  if (upTo <= after) return
  const unsorted = 'FROM published_unsorted WHERE position > ? AND position <= ? AND kind = ?'
  tables.run(
    `INSERT INTO published (kind, key, position) SELECT kind, key, position ${unsorted}`,
    after,
    upTo,
    kind,
  )
  tables.run(`DELETE ${unsorted}`, after, upTo, kind)
  tables.run(
    `INSERT INTO published_kinds (kind, sorted_after) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET sorted_after = excluded.sorted_after`,
    kind,
    after,
  )
}

/** Position after which the events of a kind are sorted; undefined for a kind that nobody has waited for. */
function sortedAfter(tables: TablesReader, kind: string): number | undefined {
  return tables.get<{ sorted_after: number }>('SELECT sorted_after FROM published_kinds WHERE kind = ?', kind)
    ?.sorted_after
}

/** Position of the first event that a wait for this kind and key may receive, even one not on record yet. */
export function firstPublished(
  tables: TablesReader,
  kind: string,
  key: string,
  after: number,
): number | undefined {
  const first = (table: string): number | undefined =>
    tables.get<{ position: number }>(
      `SELECT position FROM ${table} WHERE kind = ? AND key = ? AND position > ? ORDER BY position LIMIT 1`,
      kind,
      key,
      after,
    )?.position
  const sorted = sortedAfter(tables, kind) ?? Number.POSITIVE_INFINITY
  return (sorted > after ? first('published_unsorted') : undefined) ?? first('published')
}

/** Positions of the events of a kind that were published last, the last one first. */
export function lastPublished(tables: TablesReader, kind: string, limit: number): number[] {
  const rows = tables.all<{ position: number }>(
    `SELECT position FROM published WHERE kind = ?1 UNION ALL
     SELECT position FROM published_unsorted WHERE kind = ?1 ORDER BY position DESC LIMIT ?2`,
    kind,
    limit,
  )
  return rows.map(({ position }) => position)
}

/** Those of a kind that some run has waited for: since the position given with it, all of them are sorted. */
export function awaitedKinds(tables: TablesReader): ReadonlyMap<string, number> {
  const rows = tables.all<{ kind: string; sorted_after: number }>('SELECT * FROM published_kinds')
  return new Map(rows.map(({ kind, sorted_after }) => [kind, sorted_after]))
}

export interface PublishedRow {
  readonly position: number
  readonly kind: string
}

/** The events up to a position that still have their bodies, in pages; what was not waited for comes first. */
export function* publishedPages(
  tables: TablesReader,
  upTo: number,
  limit: number,
): Generator<PublishedRow[]> {
  for (let after = 0; ; ) {
    const rows: PublishedRow[] = tables.all(
      'SELECT position, kind FROM published_unsorted WHERE position > ? AND position <= ? ORDER BY position LIMIT ?',
      after,
      upTo,
      limit,
    )
    yield rows
    if (rows.length < limit) break
    after = rows.at(-1)?.position ?? upTo
  }
  for (let last = { kind: '', key: '', position: 0 }; ; ) {
    const rows: (typeof last)[] = tables.all(
      `SELECT kind, key, position FROM published WHERE (kind, key, position) > (?, ?, ?)
       ORDER BY kind, key, position LIMIT ?`,
      last.kind,
      last.key,
      last.position,
      limit,
    )
    yield rows.filter(({ position }) => position <= upTo)
    if (rows.length < limit) return
    last = rows.at(-1) ?? last
  }
}
