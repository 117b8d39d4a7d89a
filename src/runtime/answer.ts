/** An answer to a review, and whether it is one that the review can take. */
import { HoldfastError } from '../kernel/errors.ts'
import { type Json, type JsonObject, toJson } from '../kernel/json.ts'
import { isOwnersWay, misfit, type ReviewVerdict } from '../kernel/review.ts'
import type { Review } from './reviews/review-index.ts'

export interface Answer {
  readonly verdict: ReviewVerdict
  /** With `edited`: the fields that change. */
  readonly changes?: JsonObject
  /** With `edited`: the alternative that is taken in place of the proposal, 1 for the first. */
  readonly alternative?: number
  /** With `responded`: what should be different. */
  readonly instruction?: string
  readonly reason?: string
  /** Hash of what was shown; the answer is refused when it is another one now. */
  readonly hash?: string
  /** How the operator's answer came, for the record: `cli`, `console`. Default `program`. */
  readonly way?: string
}

/** What an answer makes of the proposal. */
export interface Word {
  readonly verdict: ReviewVerdict
  readonly value: JsonObject
  readonly alternative: number | null
}

const VERDICTS: readonly ReviewVerdict[] = ['approved', 'edited', 'rejected', 'responded']

/**
 * @throws REVIEW_STALE, REVIEW_FIELD_FIXED; INPUT_INVALID for another verdict, for changes to unknown fields or to
 * values that do not fit
 */
export function wordOf(review: Review, answer: Answer): Word {
  const { verdict, alternative = null, hash, way } = answer
  if (hash !== undefined && hash !== review.hash) throw isStale(review, hash)
  const changes = toJson(answer.changes ?? {}, 'changes') as JsonObject
  const isChanged = Object.keys(changes).length > 0
  const isKnown = VERDICTS.includes(verdict) && isOwnersWay(way ?? '')
  if (!isKnown || (verdict !== 'edited' && (isChanged || alternative !== null))) {
    throw noAnswer(review, answer, isChanged)
  }
  const base = alternative === null ? review.proposal : alternativeOf(review, alternative)
  for (const [name, value] of Object.entries(changes)) checkChange(review, base, name, value)
  return { verdict, value: { ...base, ...changes }, alternative }
}

function noAnswer(review: Review, { verdict, alternative, way }: Answer, isChanged: boolean): HoldfastError {
  const more = isChanged ? ' with changes' : alternative !== undefined ? ' with an alternative' : ''
  const by = way !== undefined && !isOwnersWay(way) ? ` by way of ${way}` : ''
  const how = `${JSON.stringify(verdict)}${more}${by}`
  return new HoldfastError('INPUT_INVALID', `Review ${review.id} can't be answered by ${how}`, {
    details: { review: review.id, verdict: String(verdict) },
    fix: `The answers are ${VERDICTS.join(', ')}; only \`edited\` comes with changes or an alternative.`,
  })
}

function alternativeOf({ id, alternatives }: Review, number: number): JsonObject {
  const found = alternatives[number - 1]
  if (found !== undefined) return found.proposal
  const there = alternatives.length === 0 ? 'it has none' : `it has 1 to ${alternatives.length}`
  throw new HoldfastError('INPUT_INVALID', `Review ${id} has no alternative ${number}; ${there}`, {
    details: { review: id, alternative: number },
  })
}

function checkChange(review: Review, proposal: JsonObject, name: string, value: Json): void {
  const { id, fields } = review
  if (!Object.hasOwn(proposal, name)) {
    const known = Object.keys(proposal)
    throw new HoldfastError(
      'INPUT_INVALID',
      `Review ${id} has no field ${name}; it has ${known.join(', ') || 'none'}`,
      { details: { review: id, unknown: [name], fields: known } },
    )
  }
  const field = fields.find((one) => one.name === name)
  if (field === undefined) return
  if (!field.editable) {
    throw new HoldfastError('REVIEW_FIELD_FIXED', `The field ${name} of review ${id} can't be changed`, {
      details: { review: id, field: name },
    })
  }
  const wrong = misfit(field, value)
  if (wrong === null) return
  throw new HoldfastError(
    'INPUT_INVALID',
    `The field ${name} of review ${id}: ${JSON.stringify(value)} ${wrong}`,
    {
      details: { review: id, field: name, kind: field.kind },
    },
  )
}

export function isStale(review: Review, shown: string): HoldfastError {
  return new HoldfastError('REVIEW_STALE', `Review ${review.id} shows another proposal now`, {
    details: { review: review.id, shown, present: review.hash },
  })
}

export function reviewEnded(review: Review): HoldfastError {
  const how = review.status === 'waiting' ? 'is being answered' : `was ${review.status}`
  return new HoldfastError('REVIEW_ENDED', `Review ${review.id} ${how}`, {
    details: { review: review.id, status: review.status, run: review.run },
  })
}
