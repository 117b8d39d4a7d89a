import type { Projection } from '../../src/ports/projection.ts'

/** Counts events by stream: a projection that can be compared with the log. */
export const tally: Projection = {
  name: 'tally',
  version: 1,
  tables: ['tally'],
  schema: 'CREATE TABLE tally (stream TEXT PRIMARY KEY, n INTEGER NOT NULL, bytes INTEGER NOT NULL)',
  kinds: ['thing.happened'],
  apply({ stream, body }, tables) {
    tables.run(
      `INSERT INTO tally (stream, n, bytes) VALUES (?, 1, ?)
       ON CONFLICT DO UPDATE SET n = n + 1, bytes = bytes + excluded.bytes`,
      stream,
      String(body?.text ?? '').length,
    )
  },
}
