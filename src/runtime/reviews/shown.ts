/** What the operator was shown of reviews: an answer is bound to it, and what it takes is measured from there. */
import { OWNER } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { isStale } from '../answer.ts'
import { lastLook, REVIEW_STREAM, type Review } from './review-index.ts'

/** A review, and the hash of what was shown of it. */
export interface Shown {
  readonly id: string
  readonly hash: string
}

/** To be appended when the operator is shown reviews whole, together. */
export function shownParts(reviews: readonly Shown[], way: string): StreamAppend[] {
  return reviews.map(({ id, hash }) => ({
    stream: REVIEW_STREAM + id,
    expectedVersion: 'any',
    events: [
      {
        kind: 'review.shown',
        actor: 'operator',
        label: OWNER,
        body: { review: id, hash, way, among: reviews.length },
      },
    ],
  }))
}

/**
 * The hash that an answer is bound to which names none: of what was shown last, or, when it was never shown, of what
 * there is.
 * @throws REVIEW_STALE when that is not what was shown
 */
export function hashShown(tables: TablesReader, review: Review): string {
  const { hash } = lastLook(tables, review.id, review.requested)
  if (hash !== null && hash !== review.hash) throw isStale(review, hash)
  return review.hash
}
