/** What ids of runs and events may be. */
import { HoldfastError } from '../kernel/errors.ts'
import { isRollback } from './rollback/rollback-id.ts'

const ID_FORM = /^[^\s\p{Cc}\p{Cs}](?:[^\p{Cc}\p{Cs}]{0,198}[^\s\p{Cc}\p{Cs}])?$/u

/** @throws INPUT_INVALID, for a run also where its id, or one of its children's, could be that of a rollback */
export function checkedId(id: string, what: 'run' | 'event'): string {
  if (typeof id === 'string' && ID_FORM.test(id)) {
    if (what === 'event' || !isRollback(`${id}/`)) return id
    throw new HoldfastError('INPUT_INVALID', `${JSON.stringify(id)} is kept for a rollback`, {
      details: { id },
      fix: 'Choose an id that is not `rollback` and does not begin with `rollback/`.',
    })
  }
  throw new HoldfastError(
    'INPUT_INVALID',
    `${JSON.stringify(id)} can't be the id of ${what === 'run' ? 'a run' : 'an event'}`,
    {
      details: { id },
      fix: 'Use 1 to 200 characters without control characters, not beginning or ending with a space.',
    },
  )
}
