/**
 * Where a key stands in a flag: a number from 0 to 100 that never changes. A share of 20 percent is all keys below
 * 20, so that raising it takes in more of them and lets nobody out, and lowering it is the way back.
 */
import { seededRandom } from '../kernel/random.ts'

/** In [0, 100). Another flag has another order of the keys. */
export function placeOf(flag: string, key: string): number {
  return seededRandom(flag, key, 0) * 100
}

/** The variant whose share holds the place; null beyond the last. Shares follow each other as they are listed. */
export function shareAt(split: Readonly<Record<string, number>>, place: number): string | null {
  let end = 0
  for (const [variant, percent] of Object.entries(split)) {
    end += percent
    if (place < end) return variant
  }
  return null
}
