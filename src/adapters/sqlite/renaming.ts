/**
 * Other texts in place of those in headers, within the caller's transaction: names of streams, correlations, actors
 * and labels. The hash of each commit stays as it was written, and the next commit stays chained to it; what the
 * commit's headers hash to from now on goes on record with the erasure, which is itself under the chain.
 *
 * Why: docs/decisions/0048-erasing-a-person.md
 */
import { commitHashInput, GENESIS_HASH } from '../../kernel/event.ts'
import type { SqliteTables } from './database.ts'
import { sha256 } from './event-chain.ts'
import type { EventRows } from './event-rows.ts'
import { headerOf } from './verification.ts'

/** By the position at which a commit ends: what its headers hash to. */
export type Renamed = Readonly<Record<string, string>>

/** Renames, and returns the positions of the events whose headers have changed. */
export function renameHeaders(tables: SqliteTables, replace: (text: string) => string): Set<number> {
  const touched = new Set<number>()
  const touch = (where: string, value: number | string): void => {
    for (const { position } of tables.all<{ position: number }>(
      `SELECT position FROM events WHERE ${where}`,
      value,
    ))
      touched.add(position)
  }
  const names = tables.all<{ id: number; text: string }>(
    'SELECT position AS id, name AS text FROM events WHERE name IS NOT NULL',
  )
  for (const { id, text, to } of changed(names, replace)) {
    const isTaken = tables.get('SELECT 1 FROM events WHERE name = ? AND name <> ?', to, text) !== undefined
    tables.run('UPDATE events SET name = ? WHERE position = ?', isTaken ? `${to}~${id}` : to, id)
    touch('stream = ?', id)
  }
  const tied = tables.all<{ text: string }>(
    'SELECT DISTINCT correlation AS text FROM events WHERE correlation IS NOT NULL',
  )
  for (const { text, to } of changed(tied, replace)) {
    touch('correlation = ?', text)
    tables.run('UPDATE events SET correlation = ? WHERE correlation = ?', to, text)
  }
  renameWords(tables, replace, touch)
  return touched
}

function renameWords(
  tables: SqliteTables,
  replace: (text: string) => string,
  touch: (where: string, value: number) => void,
): void {
  const columns = ['kind', 'actor', 'label']
  const words = tables.all<{ id: number; text: string }>('SELECT id, text FROM words')
  for (const { id, to } of changed(words, replace)) {
    for (const column of columns) touch(`${column} = ?`, id)
    const same = tables.get<{ id: number }>('SELECT id FROM words WHERE text = ? AND id <> ?', to, id)
    if (same === undefined) {
      tables.run('UPDATE words SET text = ? WHERE id = ?', to, id)
      continue
    }
    for (const column of columns)
      tables.run(`UPDATE events SET ${column} = ? WHERE ${column} = ?`, same.id, id)
    tables.run('DELETE FROM words WHERE id = ?', id)
  }
}

function changed<Row extends { readonly text: string }>(
  rows: readonly Row[],
  replace: (text: string) => string,
): (Row & { readonly to: string })[] {
  return rows.map((row) => ({ ...row, to: replace(row.text) })).filter(({ text, to }) => to !== text)
}

/** What the commits of these events hash to now, each over the hash on record of the one before. */
export function hashesOfCommits(tables: SqliteTables, rows: EventRows, events: ReadonlySet<number>): Renamed {
  const hashes: Record<string, string> = {}
  for (const position of events) {
    const end = tables.get<{ position: number }>(
      'SELECT position FROM events WHERE position >= ? AND hash IS NOT NULL ORDER BY position LIMIT 1',
      position,
    )?.position
    if (end === undefined || hashes[end] !== undefined) continue
    const before = tables.get<{ position: number; hash: Uint8Array }>(
      'SELECT position, hash FROM events WHERE position < ? AND hash IS NOT NULL ORDER BY position DESC LIMIT 1',
      end,
    )
    let headers = ''
    for (const row of rows.after(before?.position ?? 0)) {
      if (row.position > end) break
      headers += headerOf(row, rows)
    }
    const previous = before === undefined ? GENESIS_HASH : Buffer.from(before.hash).toString('hex')
    hashes[end] = sha256(commitHashInput(previous, headers))
  }
  return hashes
}
