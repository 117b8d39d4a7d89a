/** What ids of runs and events may be. */
import { HoldfastError } from '../kernel/errors.ts'

const ID_FORM = /^[^\s\p{Cc}\p{Cs}](?:[^\p{Cc}\p{Cs}]{0,198}[^\s\p{Cc}\p{Cs}])?$/u

/**
 * Those of rollbacks, triggers and schedules: a run that somebody else has begun under one of them would be taken
 * for theirs, and what they were to begin would be missing. `rollback` itself could have a child that is named so.
 */
const KEPT = /^(?:rollback(?:\/.*)?|(?:trigger|schedule)\/[^/]+\/[^/]+)$/

/** @throws INPUT_INVALID */
export function checkedId(id: string, what: 'run' | 'event'): string {
  if (typeof id !== 'string' || !ID_FORM.test(id)) {
    throw notAnId(
      id,
      `can't be the id of ${what === 'run' ? 'a run' : 'an event'}`,
      'Use 1 to 200 characters without control characters, not beginning or ending with a space.',
    )
  }
  if (what === 'event' || !KEPT.test(id)) return id
  throw notAnId(
    id,
    'is an id that is kept for a rollback, a trigger or a schedule',
    'Use another; none that is `rollback`, or begins as `rollback/…`, `trigger/NAME/…` or `schedule/NAME/…`.',
  )
}

function notAnId(id: string, why: string, fix: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `${JSON.stringify(id)} ${why}`, { details: { id }, fix })
}
