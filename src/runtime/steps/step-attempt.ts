/** One attempt of a step: its function, within its limits. */
import { durationMs } from '../../kernel/duration.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import type { StepAttempt } from '../../kernel/workflow.ts'
import type { OperationOf } from '../operations.ts'
import { idempotencyKeyOf } from '../perform/idempotency-key.ts'
import { type TimeLimit, withLimits } from '../perform/time-limits.ts'
import type { Execution } from '../run/execution.ts'
import { never } from '../run/never.ts'
import { Heartbeat } from './heartbeat.ts'
import { type StepSpan, totalTimeout } from './step-span.ts'
import { callWithin } from './within.ts'

type Step = OperationOf<'step'>

/** What the function gives, or a promise of it. */
export function runAttempt(execution: Execution, step: Step, attempt: number, span: StepSpan): unknown {
  const { timeout, heartbeat } = step.options
  if (timeout === undefined && heartbeat === undefined && span.deadline === null) {
    return callNow(execution, () => callStep(execution, step, new Attempt(execution, step, attempt)))
  }
  const beats =
    heartbeat === undefined ? null : new Heartbeat(execution, step, attempt, durationMs(heartbeat))
  const limits = [
    ...(timeout === undefined ? [] : [ownLimit(execution, step, attempt, durationMs(timeout))]),
    ...(span.deadline === null ? [] : [totalLimit(execution, step, attempt, span.deadline)]),
    ...(beats === null ? [] : [beats.limit]),
  ]
  const made = withLimits(execution, limits, async (signal) =>
    callStep(execution, step, new Attempt(execution, step, attempt, signal, beats)),
  )
  return beats === null ? made : keepingBeats(made, beats)
}

/** What an attempt that is given up has told last is for the next one. */
async function keepingBeats<T>(made: Promise<T>, beats: Heartbeat): Promise<T> {
  try {
    return await made
  } catch (error) {
    beats.keep()
    throw error
  }
}

function ownLimit(execution: Execution, { name }: Step, attempt: number, ms: number): TimeLimit {
  const late = (): Error =>
    new HoldfastError('STEP_TIMEOUT', `Attempt ${attempt} of step ${name} took longer than ${ms} ms`, {
      details: { run: execution.run.id, step: name, attempt, limit: 'timeout', timeoutMs: ms },
    })
  return (pass) => execution.host.clock.after(ms, () => pass(late()))
}

function totalLimit(execution: Execution, step: Step, attempt: number, deadline: number): TimeLimit {
  const late = (): Error => totalTimeout(execution, step, attempt, null)
  return (pass) => execution.host.clock.wakeAt(deadline, () => pass(late()))
}

/** What is asked of `ctx` meanwhile is refused. */
function callStep(execution: Execution, { name, work }: Step, attempt: Attempt): unknown {
  return callWithin(execution, name, work, attempt)
}

/** What a step gives at once is not waited for. */
function callNow(execution: Execution, work: () => unknown): unknown {
  if (execution.activity.isAbandoned) return never()
  const made = work()
  return isPromise(made) ? execution.activity.call(() => made) : made
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | null)?.then === 'function'
}

/** What a step is given; what it seldom asks for is made when it does. */
class Attempt implements StepAttempt {
  readonly attempt: number
  readonly #execution: Execution
  readonly #name: string
  readonly #signal: AbortSignal | undefined
  readonly #beats: Heartbeat | null

  constructor(
    execution: Execution,
    { name }: Step,
    attempt: number,
    signal?: AbortSignal,
    beats: Heartbeat | null = null,
  ) {
    this.attempt = attempt
    this.#execution = execution
    this.#name = name
    this.#signal = signal
    this.#beats = beats
  }

  get signal(): AbortSignal {
    return this.#signal ?? this.#execution.abort.signal
  }

  get idempotencyKey(): string {
    return idempotencyKeyOf(this.#execution, this.#name)
  }

  get lastDetails(): Json {
    return this.#execution.journal.entries.get(this.#name)?.opened?.details ?? null
  }

  heartbeat(details?: unknown): void {
    if (this.#beats === null) throw beatless(this.#execution, this.#name)
    this.#beats.beat(details)
  }
}

function beatless({ run }: Execution, name: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `Step ${name} has a heartbeat without the option for it`, {
    details: { run: run.id, step: name },
    fix: 'Give the step the option `heartbeat`, the longest time between two beats, such as `30s`.',
  })
}
