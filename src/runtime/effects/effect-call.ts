/**
 * Calls a connector: past the breaker, within the time limit of the manifest. What it ends with says whether
 * the effect was done, was surely not done, or may have been done.
 */
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { PerformContext } from '../../ports/connector.ts'
import type { Heard, Pass } from '../breakers/breakers.ts'
import { idempotencyKeyOf } from '../perform/idempotency-key.ts'
import { withDeadline } from '../perform/time-limits.ts'
import type { Execution } from '../run/execution.ts'
import { type Effect, manifestOf, numberOf } from './effect-records.ts'

/** Codes of an outside that has answered. */
const ANSWERED = new Set(['CONNECTOR_REFUSED', 'OUTPUT_INVALID'])
/** Codes of a call that has not come to the outside. */
const NOT_ASKED = new Set(['INPUT_INVALID', 'PERMIT_INVALID', 'OPERATION_UNKNOWN', 'WORK_STOPPED'])

/** Past the time limit the outcome is unknown. `wasAsked` says by the result whether the outside was asked at all. */
export async function callOutside<T>(
  execution: Execution,
  effect: Effect,
  pass: Pass,
  call: (context: PerformContext) => Promise<T>,
  wasAsked: (result: T) => boolean = () => true,
): Promise<T> {
  const { breakers } = execution.host
  try {
    const result = await limited(execution, effect, call)
    breakers.report(pass, wasAsked(result) ? 'up' : 'unused', null, execution.run.id)
    return result
  } catch (error) {
    breakers.report(pass, heardFrom(execution, error), error)
    throw error
  }
}

function heardFrom(execution: Execution, error: unknown): Heard {
  if (execution.abort.aborted) return 'unused'
  const code = isHoldfastError(error) ? error.code : ''
  if (ANSWERED.has(code)) return 'up'
  if (NOT_ASKED.has(code)) return 'unused'
  return code === 'CONNECTOR_UNAVAILABLE' || isLate(error) ? 'down' : 'unclear'
}

/** Whether the call was called off at its time limit. */
export function isLate(error: unknown): boolean {
  return isHoldfastError(error) && error.details.timeoutMs !== undefined
}

async function limited<T>(
  execution: Execution,
  effect: Effect,
  call: (context: PerformContext) => Promise<T>,
): Promise<T> {
  const idempotencyKey = idempotencyKeyOf(execution, effect.name)
  const attempt = numberOf(execution, effect.name)
  return await withDeadline(
    execution,
    manifestOf(execution, effect).timeoutMs,
    (signal) => call({ idempotencyKey, signal, attempt }),
    (ms) =>
      new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', `${effect.operation} gave no answer in ${ms} ms`, {
        details: { timeoutMs: ms },
      }),
  )
}
