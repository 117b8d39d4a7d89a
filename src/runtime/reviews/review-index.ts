/**
 * The projection behind the inbox: every review, waiting, put off or answered, and what was answered. Asked and
 * answered in the stream of its run; what else happens to it (it was shown, put off, came back, passed its deadline)
 * is in a stream of its own, `review/<id>`, so that no journal and no replay knows of it.
 */

import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import { RUN_ENDS } from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import {
  type Alternative,
  lookMs,
  type OnExpiry,
  type ReviewField,
  type ReviewVerdict,
  type Risk,
} from '../../kernel/review.ts'
import { runOf } from '../../kernel/run-stream.ts'
import type { Projection, Tables, TablesReader } from '../../ports/projection.ts'
import { ANSWER_SCHEMA, ANSWER_TABLE, insertAnswer, keptOfAnswer } from './answer-records.ts'

export const REVIEW_STREAM = 'review/'

export interface Review {
  /** `r-` and 8 hex digits; 16 where another review has the same 8. */
  readonly id: string
  readonly run: string
  readonly workflow: string
  /** Name of the operation in the run's journal. */
  readonly name: string
  readonly action: string
  readonly customer: string | null
  /** The part of the customers that it belongs to, as the workflow says. */
  readonly segment: string | null
  readonly summary: string
  readonly reason: string
  readonly confidence: number
  readonly proposal: JsonObject
  /** What there is to say of the fields of the proposal, in their order. */
  readonly fields: readonly ReviewField[]
  readonly evidence: readonly Json[]
  readonly warnings: readonly Json[]
  readonly alternatives: readonly Alternative[]
  /** Of the operation that it leads to; null where the workflow does not say. */
  readonly risk: Risk | null
  /** SHA-256 of what is shown to decide on: an answer is bound to it. */
  readonly hash: string
  /** How it came to the operator, or did not; missing for what autonomy is not asked about. */
  readonly autonomy?: JsonObject
  /** Milliseconds since 1970. */
  readonly requested: number
  /** Of its question in the log. */
  readonly position: number
  readonly deadline: number | null
  /** What happens when nobody has answered by the deadline. */
  readonly onExpiry: OnExpiry
  /** Whether the deadline has passed and it goes on waiting. */
  readonly overdue: boolean
  /** Until when it was put off; null when it was not, or has come back. */
  readonly snoozedUntil: number | null
  readonly status: 'waiting' | ReviewVerdict | 'withdrawn'
}

interface ReviewRow {
  id: string
  run: string
  name: string
  content: string | null
  requested: number
  position: number
  status: Review['status']
  deadline: number | null
  overdue: number
  snoozed: number | null
}

export const reviewIndex: Projection = {
  name: 'reviews',
  version: 4,
  tables: ['reviews', ANSWER_TABLE],
  schema: `
    CREATE TABLE reviews (
      id TEXT PRIMARY KEY, run TEXT NOT NULL, name TEXT NOT NULL, requested INTEGER NOT NULL,
      position INTEGER NOT NULL, status TEXT NOT NULL, content TEXT, deadline INTEGER, overdue INTEGER NOT NULL,
      snoozed INTEGER, due INTEGER, shown TEXT, shown_at INTEGER, shown_among INTEGER, looked INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX reviews_by_status ON reviews (status, position);
    CREATE INDEX reviews_by_run ON reviews (run);
    CREATE INDEX reviews_by_due ON reviews (due) WHERE due IS NOT NULL;${ANSWER_SCHEMA}`,
  kinds: [
    'review.requested',
    'review.answered',
    'review.shown',
    'review.snoozed',
    'review.returned',
    'review.expired',
    'run.reopened',
    ...RUN_ENDS,
  ],
  apply(event, tables) {
    const { kind, body } = event
    if (RUN_ENDS.has(kind)) withdraw(runOf(event.stream), tables)
    else if (body === null) return
    else if (kind === 'review.requested') insert(event, body, tables)
    else if (kind === 'run.reopened') comeBack(body, tables)
    else if (kind === 'review.answered') noteAnswer(event, body, tables)
    else note(event, body, tables)
  },
  /** A review goes with its question; that it was answered, and how much was changed, stays. */
  erasure: {
    keep({ kind, body }) {
      return kind === 'review.answered' && body !== null ? keptOfAnswer(body) : null
    },
    forget({ kind, position }, tables) {
      if (kind === 'review.requested') tables.run('DELETE FROM reviews WHERE position = ?', position)
      return true
    },
  },
}

function insert({ stream, time, position }: StoredEvent, body: JsonObject, tables: Tables): void {
  const { review, name, parks: _, wakes: __, options, deadline = null, putOff = null, ...rest } = body
  const { segment = null, alternatives = [], onExpiry = 'keep' } = (options ?? {}) as JsonObject
  const content = { workflow: '', fields: [], risk: null, ...rest, segment, alternatives, onExpiry }
  const at = typeof deadline === 'number' ? deadline : null
  const until = putOff === null ? null : Number((putOff as JsonObject).until)
  tables.run(
    `INSERT INTO reviews (id, run, name, requested, position, status, content, deadline, overdue, due, snoozed)
     VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, 0, ?, ?)`,
    String(review),
    runOf(stream),
    String(name),
    time,
    position,
    JSON.stringify(content),
    at,
    until ?? at,
    until,
  )
}

function noteAnswer(event: StoredEvent, body: JsonObject, tables: Tables): void {
  tables.run(
    'UPDATE reviews SET status = ?, due = NULL, snoozed = NULL, overdue = 0 WHERE id = ?',
    String(body.verdict),
    String(body.review),
  )
  insertAnswer(event, body, tables)
}

function withdraw(run: string, tables: Tables): void {
  tables.run(
    `UPDATE reviews SET status = 'withdrawn', due = NULL, snoozed = NULL, overdue = 0
     WHERE run = ? AND status = 'waiting'`,
    run,
  )
}

/** Those that a reopened run asks again wait again, until their own deadlines. */
function comeBack({ reviews }: JsonObject, tables: Tables): void {
  for (const id of (reviews ?? []) as string[]) {
    tables.run(
      "UPDATE reviews SET status = 'waiting', due = deadline WHERE id = ? AND status = 'withdrawn'",
      id,
    )
  }
}

/** What happens to a review that waits; one that is over takes no notice. */
function note({ kind, time }: StoredEvent, body: JsonObject, tables: Tables): void {
  const id = String(body.review)
  const row = tables.get<Looked>(`${LOOKED} AND status = 'waiting'`, id)
  if (row === undefined) return
  if (kind === 'review.shown') {
    tables.run(
      'UPDATE reviews SET shown = ?, shown_at = ?, shown_among = ?, looked = ? WHERE id = ?',
      String(body.hash),
      time,
      Number(body.among ?? 1),
      lookedAt(row, time) ?? 0,
      id,
    )
  } else if (kind === 'review.snoozed') {
    tables.run(
      'UPDATE reviews SET snoozed = ?1, shown_at = NULL, looked = ?2 WHERE id = ?3',
      Number(body.until),
      lookedAt(row, time),
      id,
    )
  } else if (kind === 'review.returned') {
    const until = typeof body.until === 'number' ? body.until : Number.MAX_SAFE_INTEGER
    tables.run('UPDATE reviews SET snoozed = NULL WHERE id = ? AND snoozed <= ?', id, until)
  } else tables.run('UPDATE reviews SET overdue = 1, snoozed = NULL WHERE id = ?', id)
  tables.run(
    `UPDATE reviews SET due = nullif(min(coalesce(snoozed, ?1), CASE overdue WHEN 0 THEN coalesce(deadline, ?1) ELSE ?1 END), ?1)
     WHERE id = ?2`,
    Number.MAX_SAFE_INTEGER,
    id,
  )
}

interface Looked {
  readonly shown: string | null
  readonly shown_at: number | null
  readonly shown_among: number | null
  readonly looked: number | null
}

const LOOKED = 'SELECT shown, shown_at, shown_among, looked FROM reviews WHERE id = ?'

function lookedAt({ shown_at: since, shown_among: among, looked }: Looked, until: number): number | null {
  return since === null ? looked : (looked ?? 0) + lookMs(since, until, among ?? 1)
}

/** How often it was looked at: the hash of what was shown last, and for how long up to now; nulls if never. */
export function lastLook(
  tables: TablesReader,
  review: string,
  now: number,
): { readonly hash: string | null; readonly ms: number | null } {
  const row = tables.get<Looked>(LOOKED, review)
  return { hash: row?.shown ?? null, ms: row === undefined ? null : lookedAt(row, now) }
}

/** The reviews that wait for the operator, oldest first; not those that were put off. */
export function waitingReviews(tables: TablesReader): Review[] {
  return tables
    .all<ReviewRow>("SELECT * FROM reviews WHERE status = 'waiting' AND snoozed IS NULL ORDER BY position")
    .map(toReview)
}

/** The reviews that were put off, those that come back first before the others. */
export function snoozedReviews(tables: TablesReader): Review[] {
  return tables
    .all<ReviewRow>(
      "SELECT * FROM reviews WHERE status = 'waiting' AND snoozed IS NOT NULL ORDER BY snoozed, position",
    )
    .map(toReview)
}

/** How many reviews wait, without reading them. */
export function countWaitingReviews(tables: TablesReader): number {
  const sql = "SELECT count(*) AS n FROM reviews WHERE status = 'waiting' AND snoozed IS NULL"
  return tables.get<{ n: number }>(sql)?.n ?? 0
}

/** Reviews whose time has come, or that are back, the earliest first. */
export function dueReviews(tables: TablesReader, now: number, limit: number): Review[] {
  return tables
    .all<ReviewRow>(
      "SELECT * FROM reviews WHERE due <= ? AND status = 'waiting' ORDER BY due, position LIMIT ?",
      now,
      limit,
    )
    .map(toReview)
}

/** When a review that is asked for is due: its deadline, and when it comes back if it was put off. */
export function timesOf({ deadline, putOff }: JsonObject): number[] {
  return [deadline, (putOff as JsonObject | undefined)?.until].filter((at) => typeof at === 'number')
}

/** When the next one is due; null for none. */
export function nextDue(tables: TablesReader): number | null {
  const sql = "SELECT min(due) AS at FROM reviews WHERE due IS NOT NULL AND status = 'waiting'"
  return tables.get<{ at: number | null }>(sql)?.at ?? null
}

/**
 * A review by its id, or by the start of it when that is clear.
 * @throws REVIEW_NOT_FOUND
 */
export function findReview(tables: TablesReader, id: string): Review {
  const rows = tables.all<ReviewRow>(
    'SELECT * FROM reviews WHERE id = ?1 OR (length(?1) >= 4 AND substr(id, 1, length(?1)) = ?1) LIMIT 3',
    id,
  )
  const exact = rows.find((row) => row.id === id) ?? (rows.length === 1 ? rows[0] : undefined)
  if (exact !== undefined) return toReview(exact)
  const several =
    rows.length > 1 ? `, but several start with it: ${rows.map((row) => row.id).join(', ')}` : ''
  throw new HoldfastError('REVIEW_NOT_FOUND', `There is no review ${id}${several}`, {
    details: { review: id },
  })
}

function toReview(row: ReviewRow): Review {
  const content = JSON.parse(row.content ?? '{}')
  return {
    id: row.id,
    run: row.run,
    name: row.name,
    requested: row.requested,
    position: row.position,
    status: row.status,
    deadline: row.deadline,
    overdue: row.overdue === 1,
    snoozedUntil: row.snoozed,
    ...content,
  }
}
