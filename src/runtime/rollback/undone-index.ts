/** The projection of the effects that were undone: none is undone by a second rollback. */

import type { JsonObject } from '../../kernel/json.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'

export const undoneIndex: Projection = {
  name: 'undone',
  version: 1,
  tables: ['undone'],
  schema: `
    CREATE TABLE undone (
      run TEXT NOT NULL, name TEXT NOT NULL, undone_by TEXT NOT NULL, position INTEGER NOT NULL,
      PRIMARY KEY (run, name)
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['undo.succeeded'],
  apply({ body, stream, position }, tables) {
    if (body === null) return
    const of = body.of as JsonObject
    tables.run(
      'INSERT OR REPLACE INTO undone (run, name, undone_by, position) VALUES (?, ?, ?, ?)',
      String(of.run),
      String(of.name),
      runOf(stream),
      position,
    )
  },
  erasure: { keep: ({ body }) => (body?.of === undefined ? null : { of: body.of }) },
}

export function isUndone(tables: TablesReader, run: string, name: string): boolean {
  return tables.get('SELECT 1 FROM undone WHERE run = ? AND name = ?', run, name) !== undefined
}
