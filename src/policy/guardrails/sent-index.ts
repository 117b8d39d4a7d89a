/**
 * How many effects about a customer have left on a day: each effect of a run once, however often it was tried. What a
 * decision is counted for stands in its event.
 */

import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Verdict } from '../../ports/gate.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'

/** What is older is asked for by nobody. */
const DAYS_KEPT = 3

export const sentIndex: Projection = {
  name: 'sent',
  version: 1,
  tables: ['sent'],
  schema: `
    CREATE TABLE sent (
      day INTEGER NOT NULL, customer TEXT NOT NULL, run TEXT NOT NULL, name TEXT NOT NULL,
      PRIMARY KEY (day, customer, run, name)
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['policy.decided'],
  apply({ stream, body }, tables) {
    const sent = body?.sent as Verdict['sent']
    if (sent === undefined) return
    tables.run(
      'INSERT INTO sent VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      sent.day,
      sent.customer,
      runOf(stream),
      String(body?.name),
    )
    tables.run('DELETE FROM sent WHERE day < ?', sent.day - DAYS_KEPT)
  },
  erasure: { keep: countedOf },
}

function countedOf({ body }: StoredEvent): JsonObject | null {
  return body?.sent === undefined ? null : { name: body.name ?? '', sent: body.sent }
}

/** Effects about the customer on that day, each by its run and name. */
export function sentOn(tables: TablesReader, day: number, customer: string): string[] {
  return tables
    .all<{ run: string; name: string }>(
      'SELECT run, name FROM sent WHERE day = ? AND customer = ?',
      day,
      customer,
    )
    .map(({ run, name }) => keyOf(run, name))
}

export function keyOf(run: string, name: string): string {
  return `${run}\n${name}`
}
