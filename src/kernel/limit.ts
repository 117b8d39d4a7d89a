/** How many entries of a list are wanted. */
import { HoldfastError } from './errors.ts'

/** As given; Infinity for all. @throws INPUT_INVALID for what is neither that nor a whole number from 0 on */
export function atMost(limit: number): number {
  if (limit === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER
  if (Number.isSafeInteger(limit) && limit >= 0) return limit
  throw new HoldfastError('INPUT_INVALID', `The limit of a list can't be ${String(limit)}`, {
    details: { limit: String(limit) },
    fix: 'Give a whole number from 0 on, or leave it out.',
  })
}
