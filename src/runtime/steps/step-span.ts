/**
 * How long a step may take with all its attempts and the waits between them. It is counted from the moment the
 * step was first asked for, which is put on record before the first attempt, so that neither a restart nor
 * changed code gives it more. A step that waits for its next attempt needs no timer for the end of it: when no
 * attempt can begin before that, it fails at once.
 */
import { durationMs } from '../../kernel/duration.ts'
import { HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import type { OperationOf } from '../operations.ts'
import type { Execution } from '../run/execution.ts'

type Step = OperationOf<'step'>

/** Milliseconds since 1970; null for no limit. */
export interface StepSpan {
  /** It fails when it has not succeeded by then. */
  readonly deadline: number | null
  /** No attempt but the first begins later. */
  readonly retryUntil: number | null
}

const ENDLESS: StepSpan = { deadline: null, retryUntil: null }

/** Puts it on record where it is not. */
export function spanOf(execution: Execution, { name, options }: Step): StepSpan {
  const { totalTimeout: total, retry } = options
  if (total === undefined && retry?.totalTime === undefined) return ENDLESS
  const known = (): StepSpan | null => spanOnRecord(execution, name)
  if (known() === null) {
    const now = execution.host.clock.now()
    const deadline = total === undefined ? {} : { deadline: now + durationMs(total) }
    const until = retry?.totalTime === undefined ? {} : { retryUntil: now + durationMs(retry.totalTime) }
    execution.record([execution.event('step.begun', { name, ...deadline, ...until })])
  }
  return known() ?? ENDLESS
}

/** null for a step without one. */
function spanOnRecord({ journal }: Execution, name: string): StepSpan | null {
  const { deadline, retryUntil } = journal.entries.get(name)?.opened ?? {}
  if (deadline === undefined && retryUntil === undefined) return null
  const time = (given: unknown): number | null => (typeof given === 'number' ? given : null)
  return { deadline: time(deadline), retryUntil: time(retryUntil) }
}

/** @param last why its last attempt failed; null when it was cut off */
export function totalTimeout(
  execution: Execution,
  step: Step,
  attempts: number,
  last: unknown,
): HoldfastError {
  const { name, options } = step
  const ms = durationMs(options.totalTimeout ?? 0)
  const record = last === null ? null : toErrorRecord(last, 'STEP_FAILED')
  const why = record === null ? '' : `; the last failed with ${record.code}: ${record.message}`
  const made = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  return new HoldfastError(
    'STEP_TIMEOUT',
    `Step ${name} did not succeed within its totalTimeout of ${ms} ms, in ${made}${why}`,
    { details: { run: execution.run.id, step: name, attempts, limit: 'totalTimeout', totalTimeoutMs: ms } },
  )
}

export function isTotalTimeout(error: unknown): boolean {
  return (
    error instanceof HoldfastError && error.code === 'STEP_TIMEOUT' && error.details.limit === 'totalTimeout'
  )
}
