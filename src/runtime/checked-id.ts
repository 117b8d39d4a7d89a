/** What ids of runs and events, and other names from outside, may be. */
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

/** @throws INPUT_INVALID for what nobody could run: it would be waited for in vain */
export function checkedWorkflow<Given extends { readonly name: string; readonly version: number }>(
  workflow: Given,
  what: string,
): Given {
  const { name, version } = (workflow ?? {}) as Partial<Given>
  if (typeof name === 'string' && Number.isInteger(version)) return workflow
  throw new HoldfastError('INPUT_INVALID', `${what} is given no workflow`, {
    details: { name: String(name), version: String(version) },
    fix: 'Give what `defineWorkflow` or `definePipeline` made.',
  })
}

/** What is given by its fields, such as options. @throws INPUT_INVALID for what has none */
export function checkedFields<Given extends object>(given: Given, what: string): Given {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
  const got = given === null ? 'null' : Array.isArray(given) ? 'a list' : typeof given
  throw new HoldfastError('INPUT_INVALID', `${got} says nothing of ${what}`, {
    details: { type: got },
    fix: 'Give an object with the fields that are documented; options may be left out.',
  })
}

/** As the tables hold it: half a surrogate pair has no UTF-8 form. @throws INPUT_INVALID for what is no text */
export function checkedText(text: string, what: string): string {
  if (typeof text === 'string') return text.toWellFormed()
  throw new HoldfastError('INPUT_INVALID', `${String(text)} can't be ${what}: it is no text`, {
    details: { type: typeof text },
    fix: 'Give a text, such as `String(number)` for a number.',
  })
}

function notAnId(id: string, why: string, fix: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `${JSON.stringify(id)} ${why}`, { details: { id }, fix })
}
