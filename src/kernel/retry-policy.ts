/**
 * When a failed attempt is tried again: exponential backoff with jitter, as in Brooker, "Exponential
 * Backoff and Jitter" (AWS Architecture Blog, 2015), with half of each delay fixed so that a retry never
 * comes at once.
 */
import { type Duration, durationMs } from './duration.ts'
import { HoldfastError } from './errors.ts'

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number
  /** Wait after the first failure. */
  readonly firstDelay: Duration
  /** Each wait is this many times the one before. */
  readonly factor: number
  readonly maxDelay: Duration
  /** No attempt begins later than this after the first one could; default none. By the clock, across restarts. */
  readonly totalTime?: Duration
  /** Codes of the only errors after which there is another attempt; default: all that may pass by themselves. */
  readonly only?: readonly string[]
  /** Codes of errors after which there is none, whatever `only` says; default none. */
  readonly never?: readonly string[]
}

/** For computation: about 3 seconds over five attempts. */
export const STEP_RETRY: RetryPolicy = { attempts: 5, firstDelay: 200, factor: 2, maxDelay: '30s' }

/** For outside systems that are down: about an hour over ten attempts. */
export const EFFECT_RETRY: RetryPolicy = { attempts: 10, firstDelay: '1s', factor: 3, maxDelay: '30m' }

/** The policy as given, with what is left out, or undefined, as in `defaults`. */
export function retryPolicy(defaults: RetryPolicy, given: Partial<RetryPolicy> = {}): RetryPolicy {
  const said = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(said) }
}

/** @throws INPUT_INVALID for a policy that says no number of attempts, no time to wait, or no codes */
export function checkRetry(given: Partial<RetryPolicy> | undefined): void {
  if (given == null) return
  const policy = retryPolicy(STEP_RETRY, given)
  const { attempts, factor, firstDelay, maxDelay, totalTime = 0, only = [], never = [] } = policy
  for (const duration of [firstDelay, maxDelay, totalTime]) durationMs(duration)
  const isCounted = Number.isInteger(attempts) || attempts === Number.POSITIVE_INFINITY
  if (!Array.isArray(only) || !Array.isArray(never)) {
    throw new HoldfastError('INPUT_INVALID', '`only` and `never` of a retry policy are lists', {
      fix: "Give the codes of errors, such as `never: ['CARD_REFUSED']`.",
    })
  }
  if (isCounted && attempts >= 1 && Number.isFinite(factor) && factor >= 0) return
  throw new HoldfastError(
    'INPUT_INVALID',
    `A retry policy can't have ${attempts} attempts, factor ${factor}`,
    {
      details: { attempts: String(attempts), factor: String(factor) },
      fix: 'Give a whole number of attempts from 1, or Infinity, and a factor from 0.',
    },
  )
}

/**
 * Milliseconds until the next attempt, or null when there is none.
 * @param failed attempts that have failed so far, 1 or more
 * @param random from 0 up to 1
 */
export function nextDelayMs(policy: RetryPolicy, failed: number, random: number): number | null {
  if (failed >= policy.attempts) return null
  const growth = Math.min(policy.factor ** (failed - 1), Number.MAX_SAFE_INTEGER)
  const full = Math.min(durationMs(policy.maxDelay), durationMs(policy.firstDelay) * growth)
  return Math.round(full / 2 + (full / 2) * random)
}

/** Whether the policy has another attempt made after an error of this code. */
export function retriesCode(
  { only, never = [] }: Pick<RetryPolicy, 'only' | 'never'>,
  code: string,
): boolean {
  return !never.includes(code) && (only === undefined || only.includes(code))
}
