/** How often each flag has said what, and what it said to whom last. */
import type { StoredEvent } from '../kernel/event.ts'
import { flagResidue } from '../kernel/flag.ts'
import { canonicalJson, type JsonObject } from '../kernel/json.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'

/** Versions of all flags. */
export const FLAGS_STREAM = 'flags'
/** Evaluations outside of runs, by flag. */
export const FLAG_STREAM = 'flag/'

export const flagIndex: Projection = {
  name: 'flags',
  version: 2,
  tables: ['flags', 'flags_last'],
  schema: `
    CREATE TABLE flags (
      flag TEXT NOT NULL, variant TEXT NOT NULL, reason TEXT NOT NULL, segment TEXT NOT NULL,
      count INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (flag, variant, reason, segment)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE flags_last (
      flag TEXT NOT NULL, subject TEXT NOT NULL, sign TEXT NOT NULL, PRIMARY KEY (flag, subject)
    ) STRICT, WITHOUT ROWID;`,
  kinds: ['flag.evaluated', 'review.requested'],
  apply(event, tables) {
    const body = saidIn(event)
    if (body === null) return
    const words = [body.flag, body.variant, body.reason, body.segment].map((one) => String(one ?? ''))
    tables.run(
      `INSERT INTO flags VALUES (?1, ?2, ?3, ?4, 1, ?5)
       ON CONFLICT DO UPDATE SET count = count + 1, last = max(last, ?5)`,
      ...(words as [string, string, string, string]),
      event.time,
    )
    if (!event.stream.startsWith(FLAG_STREAM) || body.reason === undefined || !('key' in body)) return
    tables.run(
      'INSERT INTO flags_last VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET sign = ?3',
      String(body.flag),
      String(body.key ?? body.customer ?? ''),
      signOf(body),
    )
  },
  erasure: {
    keep: (event) => keptOf(event),
    forget: ({ stream }: StoredEvent) => !stream.startsWith(FLAG_STREAM),
  },
}

/** What a flag said: an evaluation, or what has held the level of a proposal down; null for nothing. */
function saidIn({ kind, body }: StoredEvent): JsonObject | null {
  if (body === null || kind === 'flag.evaluated') return body
  const held = (body.autonomy as JsonObject | null | undefined)?.flag as JsonObject | undefined
  return held === undefined ? null : { ...held, flag: held.name ?? null }
}

function keptOf(event: StoredEvent): JsonObject | null {
  const said = saidIn(event)
  if (said === null) return null
  const { flag: name, ...rest } = flagResidue(said)
  return event.kind === 'flag.evaluated'
    ? flagResidue(said)
    : { autonomy: { flag: { name: name ?? null, ...rest } } }
}

/** What tells one answer from another for the same key. */
export function signOf({ value, variant, reason, segment, version }: JsonObject): string {
  return canonicalJson([value, variant, reason, segment, version].map((one) => one ?? null))
}

/** What the flag said last outside of a run about the key; undefined for nothing. */
export function lastSaid(tables: TablesReader, flag: string, subject: string): string | undefined {
  const row = tables.get<{ sign: string }>(
    'SELECT sign FROM flags_last WHERE flag = ? AND subject = ?',
    flag,
    subject,
  )
  return row?.sign
}

export interface FlagCount {
  /** '' where the default of the code was the answer. */
  readonly variant: string
  readonly reason: string
  /** '' for none. */
  readonly segment: string
  readonly count: number
  /** Milliseconds since 1970. */
  readonly last: number
}

/** The most frequent first. */
export function countsOf(tables: TablesReader, flag: string): FlagCount[] {
  return tables
    .all<FlagCount & { flag: string }>(
      'SELECT variant, reason, segment, count, last FROM flags WHERE flag = ? ORDER BY count DESC, variant',
      flag,
    )
    .map((row) => ({ ...row }))
}

/** Flags that were asked for, defined or not. */
export function askedFlags(tables: TablesReader): string[] {
  return tables.all<{ flag: string }>('SELECT DISTINCT flag FROM flags ORDER BY flag').map(({ flag }) => flag)
}
