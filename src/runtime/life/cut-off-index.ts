/**
 * The projection of the runs that were under way when the log was last opened, with how often in a row each was
 * so without having got on since. A stop in good order lets go of all of them.
 */

import { RUN_ENDS } from '../../kernel/journal.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'

/** A run as it was taken up: the version of its stream, and how often in a row. */
export type TakenUp = readonly [run: string, version: number, times: number]

export const TAKEN_UP = 'runs.taken-up'
export const LET_GO = 'runs.let-go'

export const cutOffIndex: Projection = {
  name: 'cut_offs',
  version: 1,
  tables: ['cut_offs'],
  schema: `
    CREATE TABLE cut_offs (
      run TEXT PRIMARY KEY, version INTEGER NOT NULL, times INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;`,
  kinds: [TAKEN_UP, LET_GO, ...RUN_ENDS],
  apply({ kind, stream, body }, tables) {
    if (kind === LET_GO) tables.run('DELETE FROM cut_offs')
    else if (kind !== TAKEN_UP) {
      tables.run('DELETE FROM cut_offs WHERE run = ?', runOf(stream))
    } else {
      for (const [run, version, times] of (body?.runs ?? []) as unknown as TakenUp[]) {
        tables.run(
          'INSERT OR REPLACE INTO cut_offs (run, version, times) VALUES (?, ?, ?)',
          run,
          version,
          times,
        )
      }
    }
  },
  /** Of ended runs the kind is enough. */
  erasure: { keep: () => null, forget: ({ kind }) => kind !== TAKEN_UP },
}

export function takenUpBefore(
  tables: TablesReader,
  run: string,
): { readonly version: number; readonly times: number } | undefined {
  return tables.get('SELECT version, times FROM cut_offs WHERE run = ?', run)
}

export function isAnyTakenUp(tables: TablesReader): boolean {
  return tables.get('SELECT 1 FROM cut_offs LIMIT 1') !== undefined
}
