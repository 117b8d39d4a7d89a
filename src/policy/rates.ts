/**
 * Rates as token buckets. A bucket is one number, the time at which it will be full again (the generic cell rate
 * algorithm, as in ATM traffic control). What a decision takes stands in its event, so that a bucket is what it was
 * after a restart, also with another limit.
 */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { PolicySettings, RateRule } from '../ports/policy-settings.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'
import { firstMatch, namesAgent } from './patterns.ts'
import type { Bucket } from './request.ts'

/** By the id of a bucket: milliseconds since 1970 at which it is full again. */
export type FullAt = Readonly<Record<string, number>>

/** How a bucket was left. */
export interface Left {
  readonly fullAt: number
  /** When something was taken from it last, milliseconds since 1970. */
  readonly at: number
}

/** What was taken later than so long from now was taken before the clock was set back, and is passed over. */
const SET_BACK_MS = 60_000

export interface RateRequest {
  readonly operation: string
  readonly agent: string | null
  readonly customer: string | null
}

/** Of what no rate limits: to find out what became of an effect, or to take it back. */
export const NO_BUCKETS = { buckets: [], taken: {} } as const

/** The buckets that a request takes from, and what they are after it. `leftOf` knows how they were left. */
export function bucketsFor(
  request: RateRequest,
  { rates = [] }: PolicySettings,
  now: number,
  leftOf: (bucket: string) => Left | undefined,
): { readonly buckets: readonly Bucket[]; readonly taken: FullAt } {
  const buckets: Bucket[] = []
  const taken: Record<string, number> = {}
  for (const [i, rule] of rates.entries()) {
    if (firstMatch(request.operation, rule.operations) === undefined) continue
    if (!namesAgent(rule.agents, request.agent)) continue
    const id = bucketId(rule, request)
    const perToken = rule.perMs / rule.limit
    const left = leftOf(id)
    const full = left === undefined || left.at > now + SET_BACK_MS ? now : Math.max(now, left.fullAt)
    const tokens = rule.burst - (full - now) / perToken
    buckets.push({ name: `rates[${i}]`, tokens, nextAt: full + perToken * (1 - rule.burst) })
    taken[id] = full + perToken
  }
  return { buckets, taken }
}

/** By what a rule is about and not by its limit: a changed limit goes on with what was taken. */
function bucketId({ operations, agents, each }: RateRule, request: RateRequest): string {
  const of = { all: '', operation: request.operation, agent: request.agent, customer: request.customer }[each]
  return JSON.stringify([operations, agents, each, of])
}

export const ratesProjection: Projection = {
  name: 'rates',
  version: 2,
  tables: ['rates'],
  schema: `
    CREATE TABLE rates (bucket TEXT PRIMARY KEY, full_at REAL NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
  kinds: ['policy.decided'],
  apply({ body, time }, tables) {
    for (const [bucket, fullAt] of Object.entries((body?.took ?? {}) as Record<string, number>)) {
      tables.run(
        // Two that were decided in one turn may come to the disk in another order.
        `INSERT INTO rates VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET
           full_at = iif(at > ?3 + ${SET_BACK_MS}, excluded.full_at, max(full_at, excluded.full_at)),
           at = iif(at > ?3 + ${SET_BACK_MS}, ?3, max(at, ?3))`,
        bucket,
        fullAt,
        time,
      )
    }
  },
  erasure: { keep: tookOf },
}

function tookOf({ body }: StoredEvent): JsonObject | null {
  return body?.took === undefined ? null : { took: body.took }
}

export function leftOf(tables: TablesReader, bucket: string): Left | undefined {
  return tables.get<{ fullAt: number; at: number }>(
    'SELECT full_at AS fullAt, at FROM rates WHERE bucket = ?',
    bucket,
  )
}
