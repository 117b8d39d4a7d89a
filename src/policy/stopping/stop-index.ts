/** The stops on record: which there were, and which of them are in force. */
import type { JsonObject } from '../../kernel/json.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'
import { RESUMED, STOPPED, type Stop } from '../../ports/stop-switch.ts'

/** The stream of the stops. */
export const STOP_STREAM = 'stop'

export const stopIndex: Projection = {
  name: 'stops',
  version: 1,
  tables: ['stops'],
  schema: `
    CREATE TABLE stops (
      id TEXT PRIMARY KEY, since INTEGER NOT NULL, reason TEXT NOT NULL, position INTEGER NOT NULL,
      lifted INTEGER
    ) STRICT, WITHOUT ROWID;`,
  kinds: [STOPPED, RESUMED],
  apply({ kind, body, time, position }, tables) {
    if (body === null) return
    if (kind === STOPPED) {
      tables.run(
        'INSERT INTO stops VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING',
        String(body.id),
        Number(body.since),
        String(body.reason ?? ''),
        position,
      )
      return
    }
    for (const id of (body.stops ?? []) as string[]) {
      tables.run('UPDATE stops SET lifted = ? WHERE id = ?', time, id)
    }
  },
  erasure: { keep: withoutWords },
}

function withoutWords({ body }: { readonly body: JsonObject | null }): JsonObject | null {
  return body === null ? null : { ...body, reason: '' }
}

/** In the order in which they were ordered. */
export function stopsInForce(tables: TablesReader): Stop[] {
  return tables
    .all<Stop & Record<string, never>>(
      'SELECT id, since, reason FROM stops WHERE lifted IS NULL ORDER BY position',
    )
    .map(({ id, since, reason }) => ({ id, since, reason }))
}

/** undefined for a stop that is not on record. */
export function isLifted(tables: TablesReader, id: string): boolean | undefined {
  const row = tables.get<{ lifted: number | null }>('SELECT lifted FROM stops WHERE id = ?', id)
  return row === undefined ? undefined : row.lifted !== null
}
