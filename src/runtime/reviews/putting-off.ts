/** When a review may be put off until. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { Review } from './review-index.ts'

/** @throws INPUT_INVALID when it would be back in the past, or behind its deadline */
export function assertPutOff({ id, deadline, overdue }: Review, until: number, now: number): void {
  const isLate = deadline !== null && !overdue && until >= deadline
  const isTime = new Date(until).getTime() === until
  if (isTime && until > now && !isLate) return
  const why = isLate ? `its deadline is ${new Date(deadline).toISOString()}` : 'that is not in the future'
  throw new HoldfastError('INPUT_INVALID', `Review ${id} can't be put off until then: ${why}`, {
    details: { review: id, until, deadline },
    fix: 'Name a time in the future, and before its deadline if it has one.',
  })
}
