/** How far a delegation goes that is given with a review. */
import { type DelegationScope, exactly, whyNotDelegable } from '../../kernel/delegation.ts'
import { effectOfReview } from '../../kernel/effect-review.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Review } from './review-index.ts'

export interface DelegateOptions {
  /** Only for the customer of this review. */
  readonly customer?: boolean
  /** Only for the segment of this review. */
  readonly segment?: boolean
  /** Names of fields that must have the same value as here. */
  readonly same?: readonly string[]
  /** Milliseconds since 1970. */
  readonly until?: number
  readonly most?: number
  readonly reason?: string
}

/** @throws REVIEW_NOT_DELEGABLE */
export function scopeOf(review: Review, options: DelegateOptions): DelegationScope {
  const { customer, segment, risk, proposal, id } = review
  const why = whyNotDelegable(review) ?? whyNotAsked(review, options)
  if (why !== null) {
    throw new HoldfastError('REVIEW_NOT_DELEGABLE', `Review ${id} can't be left to a rule: ${why}`, {
      details: { review: id },
    })
  }
  return {
    agent: review.workflow,
    action: review.action,
    operation: risk?.operation ?? null,
    effect: risk?.effect ?? null,
    customer: options.customer ? customer : null,
    segment: options.segment ? segment : null,
    arguments: exactly(
      Object.fromEntries((options.same ?? []).map((field) => [field, proposal[field] ?? null])),
    ),
    expiresAt: options.until ?? null,
    most: options.most ?? null,
  }
}

function whyNotAsked(review: Review, options: DelegateOptions): string | null {
  if (isOfEffect(review)) return 'the policy asks for this effect; allow it in the policy'
  if (options.customer && review.customer === null) return 'it belongs to no customer'
  if (options.segment && review.segment === null) return 'it belongs to no segment'
  const unknown = (options.same ?? []).filter((field) => !Object.hasOwn(review.proposal, field))
  return unknown.length > 0 ? `it has no field ${unknown.join(', ')}` : null
}

/** Whether it is the question of an effect or a rollback, and not of the workflow: always for the operator. */
export function isOfEffect({ name, action }: Pick<Review, 'name' | 'action'>): boolean {
  return effectOfReview(name) !== null || action === 'settle-rollback'
}

/** What no rule answers: that, and what was drawn to see what goes without the operator. */
export function isForOperator(review: Pick<Review, 'name' | 'action' | 'autonomy'>): boolean {
  return isOfEffect(review) || review.autonomy?.rule === 'audit'
}
