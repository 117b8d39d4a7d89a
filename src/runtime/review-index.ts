/** The projection behind the inbox: every review, waiting or answered. */

import { HoldfastError } from '../kernel/errors.ts'
import { RUN_ENDS } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Projection, TablesReader } from '../ports/projection.ts'
import { RUN_STREAM } from './run-index.ts'

export interface Review {
  /** `r-` and 8 hex digits; 16 where another review has the same 8. */
  readonly id: string
  readonly run: string
  /** Name of the operation in the run's journal. */
  readonly name: string
  readonly action: string
  readonly customer: string | null
  readonly summary: string
  readonly reason: string
  readonly confidence: number
  readonly proposal: JsonObject
  readonly evidence: readonly Json[]
  readonly warnings: readonly Json[]
  /** SHA-256 of the proposal: an answer can be bound to what was shown. */
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly requested: number
  readonly status: 'waiting' | 'approved' | 'edited' | 'rejected' | 'responded' | 'withdrawn'
}

interface ReviewRow {
  id: string
  run: string
  name: string
  content: string | null
  requested: number
  status: Review['status']
}

export const reviewIndex: Projection = {
  name: 'reviews',
  version: 1,
  tables: ['reviews'],
  schema: `
    CREATE TABLE reviews (
      id TEXT PRIMARY KEY, run TEXT NOT NULL, name TEXT NOT NULL, requested INTEGER NOT NULL,
      position INTEGER NOT NULL, status TEXT NOT NULL, content TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX reviews_by_status ON reviews (status, position);
    CREATE INDEX reviews_by_run ON reviews (run);`,
  kinds: ['review.requested', 'review.answered', ...RUN_ENDS],
  apply(event, tables) {
    const run = event.stream.slice(RUN_STREAM.length)
    if (event.kind === 'review.requested') {
      if (event.body === null) return
      const { review, name, parks: _, ...content } = event.body
      tables.run(
        `INSERT INTO reviews (id, run, name, requested, position, status, content)
         VALUES (?, ?, ?, ?, ?, 'waiting', ?)`,
        String(review),
        run,
        String(name),
        event.time,
        event.position,
        JSON.stringify(content),
      )
    } else if (event.kind === 'review.answered') {
      const { review, verdict } = event.body ?? {}
      tables.run('UPDATE reviews SET status = ? WHERE id = ?', String(verdict), String(review))
    } else {
      tables.run("UPDATE reviews SET status = 'withdrawn' WHERE run = ? AND status = 'waiting'", run)
    }
  },
  /** A review goes with its question. */
  erasure: {
    keep({ kind, body }) {
      if (kind !== 'review.answered' || body === null) return null
      return { review: body.review ?? null, verdict: body.verdict ?? null }
    },
    forget({ kind, position }, tables) {
      if (kind === 'review.requested') tables.run('DELETE FROM reviews WHERE position = ?', position)
      return true
    },
  },
}

/** The reviews that wait for the operator, oldest first. */
export function waitingReviews(tables: TablesReader): Review[] {
  return tables
    .all<ReviewRow>("SELECT * FROM reviews WHERE status = 'waiting' ORDER BY position")
    .map(toReview)
}

/** How many reviews wait, without reading them. */
export function countWaitingReviews(tables: TablesReader): number {
  return tables.get<{ n: number }>("SELECT count(*) AS n FROM reviews WHERE status = 'waiting'")?.n ?? 0
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
    status: row.status,
    ...content,
  }
}
