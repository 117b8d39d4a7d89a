/**
 * Whether the operator is there. A sign of the operator is an answer to a review, a grant, a change of the policy, or
 * that work was stopped or resumed: events of their own. So is `operator.seen`, for a command typed at a terminal and
 * for what a program says; it is put on record sparsely, and only where absence means anything.
 */
import type { JsonObject } from '../../kernel/json.ts'
import { OWNER } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { PolicySettings } from '../../ports/policy-settings.ts'
import type { Projection, TablesReader } from '../../ports/projection.ts'

export const SEEN = 'operator.seen'
const PRESENCE_STREAM = 'operator'

/** While the operator is there, one sign in so long is enough; less where absence begins sooner. */
const AT_MOST_EVERY_MS = 15 * 60_000
const SIGNS_WITHIN = 4

export const presenceIndex: Projection = {
  name: 'presence',
  version: 1,
  tables: ['presence'],
  schema: 'CREATE TABLE presence (id INTEGER PRIMARY KEY, seen INTEGER NOT NULL) STRICT;',
  kinds: [
    SEEN,
    'review.answered',
    'grant.given',
    'grant.revoked',
    'policy.adopted',
    'work.stopped',
    'work.resumed',
  ],
  apply({ actor, time }, tables) {
    // What rules, deadlines and autonomy answer is no sign of anybody.
    if (actor !== 'operator') return
    tables.run(
      'INSERT INTO presence VALUES (1, ?1) ON CONFLICT DO UPDATE SET seen = max(seen, excluded.seen)',
      time,
    )
  },
  /** Who did it when is in the header. */
  erasure: { keep: () => null },
}

/** Milliseconds since 1970; null for never. */
export function seenLast(tables: TablesReader): number | null {
  return tables.get<{ seen: number }>('SELECT seen FROM presence')?.seen ?? null
}

/** Since when the operator is away, by the policy; 0 where there never was a sign; null while the operator is there. */
export function awaySince(
  { absence = null }: PolicySettings,
  seen: number | null,
  nowMs: number,
): number | null {
  if (absence === null) return null
  if (seen === null) return 0
  return nowMs - seen > absence.afterMs ? seen : null
}

export interface Seen {
  /** By which way: `cli`, `program`. */
  readonly way: string
  readonly now: number
}

/**
 * The operator gave a sign. Durable once this resolves, if it had to be put on record; with since when the operator
 * was away, if so.
 */
export async function noteSeen(
  log: EventLog,
  policy: PolicySettings,
  { way, now }: Seen,
): Promise<{ readonly awaySince: number | null }> {
  const { absence = null } = policy
  if (absence === null) return { awaySince: null }
  const last = seenLast(log.tables)
  const away = awaySince(policy, last, now)
  const every = Math.min(AT_MOST_EVERY_MS, absence.afterMs / SIGNS_WITHIN)
  if (away === null && last !== null && now - last < every) return { awaySince: null }
  const body: JsonObject = { way, ...(away === null ? {} : { awaySince: away }) }
  const seen = { kind: SEEN, actor: 'operator', label: OWNER, body }
  await log.append([{ stream: PRESENCE_STREAM, expectedVersion: 'any', events: [seen] }])
  return { awaySince: away }
}
