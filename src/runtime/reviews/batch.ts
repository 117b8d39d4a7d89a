/** One answer for several reviews: what became of it. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Review } from '../review-index.ts'

/** Why one of them could not be answered. */
export interface Unfit {
  readonly id: string
  readonly code: string
  readonly message: string
}

/** What became of one word for several reviews. */
export interface BatchAnswer {
  readonly batch: string
  readonly answered: readonly Review[]
  /** Those that were no longer there to be answered when their turn came, such as when their run ended. */
  readonly missed: readonly Unfit[]
}

export function refused(all: number, unfit: readonly Unfit[]): HoldfastError {
  const why = unfit.map(({ message, code }) => `${message} (${code})`).join('; ')
  return new HoldfastError(
    'REVIEW_BATCH_REFUSED',
    `None of ${all} reviews was answered: ${unfit.length} can't be: ${why}`,
    { details: { refused: unfit } },
  )
}
