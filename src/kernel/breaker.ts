/**
 * A circuit breaker stands before each connector, for all runs together: when the outside is down, one effect
 * asks whether it is back, and the others wait. The idea is Nygard's (Release It!, 2007).
 *
 *   closed ─ so many failures in a row ─▶ open ─ its time is over ─▶ one effect probes ─ answered ─▶ closed
 *                                          ▲                                │
 *                                          └───── longer than before ── no answer
 */
import { type Duration, durationMs } from './duration.ts'

export interface BreakerSettings {
  /** Failures in a row, of all runs together, that open it: CONNECTOR_UNAVAILABLE, or no answer in time. Default 5. */
  readonly failures: number
  /** They count when they came within so long; default 1 minute. */
  readonly window: Duration
  /** How long it stays open at first; default 30 seconds. Each probe in vain doubles it. */
  readonly openFor: Duration
  /** The longest that it stays open before the next probe; default 15 minutes. */
  readonly longest: Duration
}

export const BREAKER: BreakerSettings = { failures: 5, window: '1m', openFor: '30s', longest: '15m' }

/** @param times how often it has opened in a row, this time included: 1 or more */
export function openForMs({ openFor, longest }: BreakerSettings, times: number): number {
  return Math.min(durationMs(longest), durationMs(openFor) * 2 ** Math.min(times - 1, 40))
}

/** The failures that count, with one at `now` added. */
export function countedFailures(
  { window }: BreakerSettings,
  failures: readonly number[],
  now: number,
): readonly number[] {
  const since = now - durationMs(window)
  return [...failures.filter((time) => time > since && time <= now), now]
}
