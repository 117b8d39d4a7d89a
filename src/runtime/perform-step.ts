/** Steps: attempted until they succeed or the retry policy gives up, completed once. */

import { durationMs } from '../kernel/duration.ts'
import { entryOf, HoldfastError, toErrorRecord } from '../kernel/errors.ts'
import { type Json, toJson } from '../kernel/json.ts'
import { seededRandom } from '../kernel/random.ts'
import { nextDelayMs, type RetryPolicy, retriesCode, STEP_RETRY } from '../kernel/retry-policy.ts'
import type { StepAttempt } from '../kernel/workflow.ts'
import { codeOf } from './code.ts'
import type { Execution } from './execution.ts'
import { shortHash } from './hashes.ts'
import { never } from './never.ts'
import type { OperationOf } from './operations.ts'
import { recordJson } from './run-errors.ts'

type Step = OperationOf<'step'>

export function performStep(execution: Execution, step: Step): void {
  const retryAt = execution.journal.entries.get(step.name)?.retryAt ?? null
  if (retryAt !== null && retryAt > execution.host.clock.now()) {
    execution.retries.resume(step.name, () => attemptStep(execution, step))
  } else attemptStep(execution, step)
}

function attemptStep(execution: Execution, step: Step): void {
  if (execution.active) execution.workOnceDurable(() => makeAttempt(execution, step))
}

/** What a step gives at once is on record when this returns; else a promise of that. */
function makeAttempt(execution: Execution, step: Step): Promise<void> | undefined {
  if (!execution.active) return undefined
  const attempt = (execution.journal.entries.get(step.name)?.failedAttempts ?? 0) + 1
  let result: Json
  try {
    const given = runAttempt(execution, step, attempt)
    if (isPromise(given)) return awaitAttempt(execution, step, attempt, given)
    result = resultOf(step, given)
  } catch (error) {
    return noteFailure(execution, step, attempt, error)
  }
  noteResult(execution, step, attempt, result)
  return undefined
}

async function awaitAttempt(
  execution: Execution,
  step: Step,
  attempt: number,
  given: Promise<unknown>,
): Promise<void> {
  let result: Json
  try {
    result = resultOf(step, await given)
  } catch (error) {
    await noteFailure(execution, step, attempt, error)
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

function runAttempt(execution: Execution, step: Step, attempt: number): unknown {
  const { timeout } = step.options
  if (timeout === undefined) {
    return callNow(execution, step, attempt)
  }
  return withDeadline(
    execution,
    durationMs(timeout),
    async (signal) => step.work(new Attempt(execution, step, attempt, signal)),
    (ms) =>
      new HoldfastError('STEP_TIMEOUT', `Attempt ${attempt} of step ${step.name} took longer than ${ms} ms`, {
        details: { run: execution.run.id, step: step.name, attempt, timeoutMs: ms },
      }),
  )
}

/** What a step gives at once is not waited for. */
function callNow(execution: Execution, step: Step, attempt: number): unknown {
  if (execution.activity.isAbandoned) return never()
  const made = step.work(new Attempt(execution, step, attempt))
  return isPromise(made) ? execution.activity.call(() => made) : made
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null)?.then === 'function'
}

/** What a step is given; what it seldom asks for is made when it does. */
class Attempt implements StepAttempt {
  readonly attempt: number
  readonly #execution: Execution
  readonly #name: string
  readonly #signal: AbortSignal | undefined

  constructor(execution: Execution, { name }: Step, attempt: number, signal?: AbortSignal) {
    this.attempt = attempt
    this.#execution = execution
    this.#name = name
    this.#signal = signal
  }

  get signal(): AbortSignal {
    return this.#signal ?? this.#execution.abort.signal
  }

  get idempotencyKey(): string {
    return idempotencyKeyOf(this.#execution, this.#name)
  }
}

async function noteFailure(execution: Execution, step: Step, attempt: number, error: unknown): Promise<void> {
  const { name } = step
  // Aborted, it has not failed: it is made again when the process is back.
  if (execution.abort.aborted) return
  if (needsPerson(error)) throw error
  const policy = { ...STEP_RETRY, ...step.options.retry }
  const again = mayRetry(error) && retriesCode(policy, toErrorRecord(error, 'STEP_FAILED').code)
  const delayMs = again ? delayAfter(execution, name, attempt, policy) : null
  if (delayMs === null) {
    const record = recordJson(toErrorRecord(error, 'STEP_FAILED'))
    const code = codeOf(step.work, step.options.pure === true)
    execution.record([execution.event('step.failed', { name, error: record, attempts: attempt, code })])
    return
  }
  const of = step.options.retry?.attempts ?? STEP_RETRY.attempts
  noteRetry(execution, { type: 'step', name, attempt, of, error, delayMs }, () =>
    attemptStep(execution, step),
  )
}

/** A broken file of the operator's, say: no attempt helps until a person has acted, so the run stalls. */
function needsPerson(error: unknown): boolean {
  return error instanceof HoldfastError && entryOf(error.code)?.retry === 'operator'
}

/** Whether the same call can be expected to go better later: unknown errors can, those of our table say. */
function mayRetry(error: unknown): boolean {
  if (error instanceof HoldfastError) return entryOf(error.code)?.retry !== 'never'
  return !(error instanceof Error && 'retryable' in error && error.retryable === false)
}

/** The delay before the next attempt, with the jitter that this run has for it; null when there is none. */
export function delayAfter(
  execution: Execution,
  name: string,
  failed: number,
  policy: RetryPolicy,
): number | null {
  return nextDelayMs(policy, failed, seededRandom(execution.seed, `retry ${name}`, failed))
}

/** Records a failed attempt and has the next one made when its time comes. */
export function noteRetry(
  execution: Execution,
  failure: {
    readonly type: 'step' | 'effect'
    readonly name: string
    readonly attempt: number
    /** The most that there will be, where that is not the same for all. */
    readonly of?: number
    readonly error: unknown
    readonly delayMs: number
    readonly during?: 'lookup'
  },
  again: () => void,
): void {
  const { delayMs, error, ...rest } = failure
  const retryAt = execution.host.clock.now() + delayMs
  execution.retries.later(failure.name, again)
  const record = recordJson(toErrorRecord(error, 'STEP_FAILED'))
  execution.open(execution.event('attempt.failed', { ...rest, error: record, retryAt }))
}

/** Unique among effects and steps of all workspaces, equal for all attempts of one. */
export function idempotencyKeyOf(
  execution: {
    readonly run: { readonly id: string }
    readonly host: { readonly log: { readonly id: string } }
  },
  name: string,
): string {
  return shortHash(JSON.stringify([execution.host.log.id, execution.run.id, name]), 40)
}

/** Runs `work` with a signal that is aborted at the deadline, then gives up waiting for it. */
export async function withDeadline<T>(
  execution: Execution,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: (ms: number) => Error,
): Promise<T> {
  const deadline = new AbortController()
  const { clock } = execution.host
  let cancel = (): void => {}
  const passed = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => {
      deadline.abort()
      reject(late(ms))
    })
  })
  try {
    const signal = AbortSignal.any([deadline.signal, execution.abort.signal])
    return await execution.activity.call(() => Promise.race([work(signal), passed]), cancel)
  } finally {
    cancel()
  }
}
