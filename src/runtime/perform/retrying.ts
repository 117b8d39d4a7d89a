/** Attempts that have failed, and when the next one is made: the same for steps and effects. */

import {
  type ErrorRecord,
  entryOf,
  fromErrorRecord,
  isHoldfastError,
  toErrorRecord,
} from '../../kernel/errors.ts'
import { seededRandom } from '../../kernel/random.ts'
import { nextDelayMs, type RetryPolicy } from '../../kernel/retry-policy.ts'
import { lastAbout } from '../last-about.ts'
import type { Execution } from '../run/execution.ts'
import { recordJson } from '../run-errors.ts'

/** The delay before the next attempt, with the jitter that this run has for it; null when there is none. */
export function delayAfter(
  execution: Execution,
  name: string,
  failed: number,
  policy: RetryPolicy,
): number | null {
  return nextDelayMs(policy, failed, seededRandom(execution.seed, `retry ${name}`, failed))
}

/** Whether a time is past a limit, if there is one. */
export function isAfter(time: number, limit: number | null): boolean {
  return limit !== null && time > limit
}

/** A broken file of the operator's, say: no attempt helps until a person has acted, so the run stalls. */
export function needsPerson(error: unknown): boolean {
  // Not everything that is thrown can be looked at: the code comes first.
  return entryOf(toErrorRecord(error).code)?.retry === 'operator' && isHoldfastError(error)
}

export interface FailedAttempt {
  readonly type: 'step' | 'effect' | 'undo'
  readonly name: string
  readonly attempt: number
  /** The most that there will be, where that is not the same for all. */
  readonly of?: number
  readonly error: unknown
  readonly delayMs: number
  readonly during?: 'lookup'
  /** Of an effect: it may have been done all the same, and a repeat does no harm. */
  readonly unclear?: true
  /** Of an effect: by the word of the outside or of the operator, neither this attempt nor one before it did it. */
  readonly notDone?: true
}

/** Records a failed attempt and has the next one made when its time comes. */
export function noteRetry(execution: Execution, failure: FailedAttempt, again: () => void): void {
  const { delayMs, error, ...rest } = failure
  const retryAt = execution.host.clock.now() + delayMs
  execution.retries.later(failure.name, again)
  const record = recordJson(toErrorRecord(error, 'STEP_FAILED'))
  execution.open(execution.event('attempt.failed', { ...rest, error: record, retryAt }))
}

/** Whether an attempt of an effect may have done it, though it was tried again. */
export function isInDoubt({ host, run }: Execution, name: string): boolean {
  const told = lastAbout(host.log, run.id, name, (kind, { unclear, notDone }) => {
    return kind === 'attempt.failed' && (unclear === true || notDone === true)
  })
  return told?.body?.unclear === true
}

/** Why the last attempt failed, as it is on record. */
export function lastFailure(
  { host, run }: Execution,
  name: string,
): { readonly error: Error; readonly isUnclear: boolean } | null {
  const failed = lastAbout(host.log, run.id, name, (kind, { during }) => {
    return kind === 'attempt.failed' && during === undefined
  })
  if (failed?.body == null) return null
  const { error, unclear } = failed.body
  return { error: fromErrorRecord(error as unknown as ErrorRecord), isUnclear: unclear === true }
}
