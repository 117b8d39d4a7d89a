/** Lengths of time as the operator's files say them. */
import { durationMs } from '../../kernel/duration.ts'

/** Milliseconds; null for what is none. */
export function lengthOf(text: string): number | null {
  try {
    return durationMs(text)
  } catch {
    return null
  }
}
