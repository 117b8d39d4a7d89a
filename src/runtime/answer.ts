/** An answer to a review, and whether it is one that the review can take. */
import { HoldfastError } from '../kernel/errors.ts'
import { type JsonObject, toJson } from '../kernel/json.ts'
import type { ReviewAnswer } from '../kernel/workflow.ts'
import type { Review } from './review-index.ts'

export interface Answer {
  readonly verdict: ReviewAnswer['verdict']
  /** With `edited`: the fields that change. */
  readonly changes?: JsonObject
  /** With `responded`: what should be different. */
  readonly instruction?: string
  readonly reason?: string
  /** Hash of the proposal that was shown; the answer is refused when it is another one now. */
  readonly hash?: string
}

const VERDICTS: ReadonlySet<unknown> = new Set<ReviewAnswer['verdict']>([
  'approved',
  'edited',
  'rejected',
  'responded',
])

/** @throws INPUT_INVALID for another verdict, or for changes to unknown fields */
export function checkedChanges(review: Review, { verdict, changes: given = {} }: Answer): JsonObject {
  const changes = toJson(given, 'changes') as JsonObject
  const isChanged = Object.keys(changes).length > 0
  if (!VERDICTS.has(verdict) || (isChanged && verdict !== 'edited')) {
    const how = `${JSON.stringify(verdict)}${isChanged ? ' with changes' : ''}`
    throw new HoldfastError('INPUT_INVALID', `Review ${review.id} can't be answered by ${how}`, {
      details: { review: review.id, verdict: String(verdict) },
      fix: `The answers are ${[...VERDICTS].join(', ')}; only \`edited\` comes with changes.`,
    })
  }
  const unknown = Object.keys(changes).filter((field) => !Object.hasOwn(review.proposal, field))
  if (unknown.length === 0) return changes
  const fields = Object.keys(review.proposal)
  throw new HoldfastError(
    'INPUT_INVALID',
    `Review ${review.id} has no field ${unknown.join(', ')}; it has ${fields.join(', ')}`,
    {
      details: { review: review.id, unknown, fields },
    },
  )
}

export function reviewEnded(review: Review): HoldfastError {
  const how = review.status === 'waiting' ? 'is being answered' : `was ${review.status}`
  return new HoldfastError('REVIEW_ENDED', `Review ${review.id} ${how}`, {
    details: { review: review.id, status: review.status, run: review.run },
  })
}
