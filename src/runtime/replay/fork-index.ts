/** The projection that leads from a run to its forks; the way back is in the `run.started` of each. */

import type { JsonObject } from '../../kernel/json.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection } from '../../ports/projection.ts'

export const forkIndex: Projection = {
  name: 'forks',
  version: 1,
  tables: ['forks'],
  schema: `
    CREATE TABLE forks (
      run TEXT PRIMARY KEY, source TEXT NOT NULL, step TEXT, position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX forks_by_source ON forks (source, position);`,
  kinds: ['run.started'],
  apply({ stream, position, body }, tables) {
    const forkedFrom = body?.forkedFrom as JsonObject | undefined
    if (forkedFrom === undefined) return
    tables.run(
      'INSERT INTO forks (run, source, step, position) VALUES (?, ?, ?, ?)',
      runOf(stream),
      String(forkedFrom.run),
      forkedFrom.step === null ? null : String(forkedFrom.step),
      position,
    )
  },
  erasure: {
    keep({ body }) {
      const { run = null, step = null } = (body?.forkedFrom ?? {}) as JsonObject
      return run === null ? null : { forkedFrom: { run, step } }
    },
  },
}
