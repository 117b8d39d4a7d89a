/** What ids of runs and events may be. */
import { HoldfastError } from '../kernel/errors.ts'

const ID_FORM = /^[^\s\p{Cc}\p{Cs}](?:[^\p{Cc}\p{Cs}]{0,198}[^\s\p{Cc}\p{Cs}])?$/u

/** @throws INPUT_INVALID */
export function checkedId(id: string, what: 'run' | 'event'): string {
  if (typeof id === 'string' && ID_FORM.test(id)) return id
  throw new HoldfastError(
    'INPUT_INVALID',
    `${JSON.stringify(id)} can't be the id of ${what === 'run' ? 'a run' : 'an event'}`,
    {
      details: { id },
      fix: 'Use 1 to 200 characters without control characters, not beginning or ending with a space.',
    },
  )
}
