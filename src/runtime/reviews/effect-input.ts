/** What the operator makes of an effect fits its operation, or is refused while the review still waits. */
import { approvalName, effectOfReview } from '../../kernel/effect-review.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { Gate } from '../../ports/gate.ts'
import type { Word } from '../answer.ts'
import type { Review } from './review-index.ts'

/** @throws INPUT_INVALID with each mistake and its place; OPERATION_UNKNOWN when the operation is gone */
export async function assertInputFits(
  gate: Pick<Gate, 'checkInput'>,
  review: Pick<Review, 'id' | 'name'>,
  { verdict, value }: Word,
): Promise<void> {
  const effect = effectOfReview(review.name)
  if (verdict !== 'edited' || effect === null || review.name !== approvalName(effect)) return
  const operation = String(value.operation)
  try {
    await gate.checkInput(operation, value.input ?? null)
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'INPUT_INVALID') throw error
    const { message, details } = error
    throw new HoldfastError('INPUT_INVALID', `Review ${review.id} can't be answered so. ${message}`, {
      details: { ...details, review: review.id, operation },
      fix: 'Answer again with an input that fits: the review is as it was.',
    })
  }
}
