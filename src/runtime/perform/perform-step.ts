/** Steps: attempted until they succeed, or the retry policy or the time gives out; completed once. */
import { entryOf, HoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import { type Json, toJson } from '../../kernel/json.ts'
import { retriesCode, retryPolicy, STEP_RETRY } from '../../kernel/retry-policy.ts'
import type { OperationOf } from '../operations.ts'
import { codeOf } from '../replay/code.ts'
import type { Execution } from '../run/execution.ts'
import { recordJson } from '../run-errors.ts'
import { isPromise, runAttempt } from '../steps/step-attempt.ts'
import { isTotalTimeout, type StepSpan, spanOf, totalTimeout } from '../steps/step-span.ts'
import { delayAfter, isAfter, lastFailure, needsPerson, noteRetry } from './retrying.ts'

type Step = OperationOf<'step'>

export function performStep(execution: Execution, step: Step): void {
  const retryAt = execution.journal.entries.get(step.name)?.retryAt ?? null
  if (retryAt !== null && retryAt > execution.host.clock.now()) {
    execution.retries.resume(step.name, () => attemptStep(execution, step))
  } else attemptStep(execution, step)
}

function attemptStep(execution: Execution, step: Step): void {
  if (!execution.active) return
  const span = spanOf(execution, step)
  execution.workOnceDurable(() => makeAttempt(execution, step, span))
}

/** What a step gives at once is on record when this returns; else a promise of that. */
function makeAttempt(execution: Execution, step: Step, span: StepSpan): Promise<void> | undefined {
  if (!execution.active) return undefined
  const failed = execution.journal.entries.get(step.name)?.failedAttempts ?? 0
  const late = whyTooLate(execution, step, span, failed)
  if (late !== null) {
    fail(execution, step, failed, late)
    return undefined
  }
  let result: Json
  try {
    const given = runAttempt(execution, step, failed + 1, span)
    if (isPromise(given)) return awaitAttempt(execution, step, failed + 1, span, given)
    result = resultOf(step, given)
  } catch (error) {
    return noteFailure(execution, step, failed + 1, span, error)
  }
  noteResult(execution, step, failed + 1, result)
  return undefined
}

async function awaitAttempt(
  execution: Execution,
  step: Step,
  attempt: number,
  span: StepSpan,
  given: Promise<unknown>,
): Promise<void> {
  let result: Json
  try {
    result = resultOf(step, await given)
  } catch (error) {
    await noteFailure(execution, step, attempt, span, error)
    return
  }
  noteResult(execution, step, attempt, result)
}

function resultOf({ name }: Step, given: unknown): Json {
  return toJson(given, `result of step ${name}`)
}

function noteResult(
  execution: Execution,
  { name, work, options }: Step,
  attempts: number,
  result: Json,
): void {
  const code = codeOf(work, options.pure === true)
  execution.record([execution.event('step.completed', { name, result, attempts, code })])
}

/** The error of a step whose time was over when its next attempt could be made; null where there is time. */
function whyTooLate(execution: Execution, step: Step, span: StepSpan, failed: number): unknown {
  if (span.deadline === null && span.retryUntil === null) return null
  const now = execution.host.clock.now()
  const last = (): Error | null => lastFailure(execution, step.name)?.error ?? null
  if (span.deadline !== null && now >= span.deadline) return totalTimeout(execution, step, failed, last())
  return failed > 0 && isAfter(now, span.retryUntil) ? last() : null
}

async function noteFailure(
  execution: Execution,
  step: Step,
  attempt: number,
  span: StepSpan,
  error: unknown,
): Promise<void> {
  const { name } = step
  // Aborted, it has not failed: it is made again when the process is back.
  if (execution.abort.aborted) return
  if (needsPerson(error)) throw error
  const policy = retryPolicy(STEP_RETRY, step.options.retry)
  const again = mayRetry(error) && retriesCode(policy, toErrorRecord(error, 'STEP_FAILED').code)
  const delayMs = again ? delayAfter(execution, name, attempt, policy) : null
  const next = delayMs === null ? null : execution.host.clock.now() + delayMs
  if (delayMs === null || next === null || isAfter(next, span.retryUntil)) {
    fail(execution, step, attempt, error)
  } else if (span.deadline !== null && next >= span.deadline) {
    const why = isTotalTimeout(error) ? error : totalTimeout(execution, step, attempt, error)
    fail(execution, step, attempt, why)
  } else {
    const of = policy.attempts
    noteRetry(execution, { type: 'step', name, attempt, of, error, delayMs }, () =>
      attemptStep(execution, step),
    )
  }
}

function fail(execution: Execution, step: Step, attempts: number, error: unknown): void {
  const record = recordJson(toErrorRecord(error, 'STEP_FAILED'))
  const code = codeOf(step.work, step.options.pure === true)
  execution.record([execution.event('step.failed', { name: step.name, error: record, attempts, code })])
}

/** Whether the same call can be expected to go better later: unknown errors can, those of our table say. */
function mayRetry(error: unknown): boolean {
  try {
    if (error instanceof HoldfastError) return entryOf(error.code)?.retry !== 'never'
    return !(error instanceof Error && 'retryable' in error && error.retryable === false)
  } catch {
    // A thrown value may refuse to be looked at: a getter that throws, a revoked proxy.
    return true
  }
}
