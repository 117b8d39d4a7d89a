/**
 * When an effect is tried again that is certain not to have been done, or whose repeat does no harm. The policy
 * has no say in what becomes of an unknown outcome: that is found out first.
 */
import { durationMs } from '../../kernel/duration.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { EFFECT_RETRY, type RetryPolicy, retriesCode, retryPolicy } from '../../kernel/retry-policy.ts'
import { delayAfter, isAfter, lastFailure } from '../perform/retrying.ts'
import type { Execution } from '../run/execution.ts'
import type { Effect } from './effect-records.ts'

export function policyOf({ retry }: Effect): RetryPolicy {
  return retryPolicy(EFFECT_RETRY, retry)
}

/** Milliseconds from an error of this code to the next attempt; null when there is none. */
export function delayOf(execution: Execution, effect: Effect, attempt: number, code: string): number | null {
  const policy = policyOf(effect)
  const counted = attempt - forgivenOf(execution, effect)
  const delayMs = retriesCode(policy, code) ? delayAfter(execution, effect.name, counted, policy) : null
  if (delayMs === null) return null
  const isLate = isAfter(execution.host.clock.now() + delayMs, retryUntil(execution, effect))
  return isLate ? null : delayMs
}

/** Attempts from before the run was reopened, which don't count. */
export function forgivenOf({ journal }: Execution, { name }: Effect): number {
  return journal.entries.get(name)?.forgivenAttempts ?? 0
}

/** What the intent of the first attempt says of the time for others. */
export function timeLimit(execution: Execution, effect: Effect): JsonObject {
  const { totalTime } = policyOf(effect)
  if (totalTime === undefined || retryUntil(execution, effect) !== null) return {}
  return { retryUntil: execution.host.clock.now() + durationMs(totalTime) }
}

/** The error of an effect whose time was over when its next attempt could be made; null where there is time. */
export function whyTooLate(execution: Execution, effect: Effect): Error | null {
  if (!isAfter(execution.host.clock.now(), retryUntil(execution, effect))) return null
  const last = lastFailure(execution, effect.name)
  // It may have been done: that is no failure, and a repeat does no harm.
  return last === null || last.isUnclear ? null : last.error
}

function retryUntil({ journal }: Execution, { name }: Effect): number | null {
  const until = journal.entries.get(name)?.opened?.retryUntil
  return typeof until === 'number' ? until : null
}
