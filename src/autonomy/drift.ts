/**
 * Notices that errors have become more frequent than is tolerated, among answers that go on for good: an e-detector
 * of the Shiryaev-Roberts kind. A wealth that bets on a rate above the tolerance begins anew at every answer, and
 * all are added up. As long as the rate is the tolerance or less, the sum grows by at most 1 an answer on average, so
 * that the mean number of answers to a false alarm is at least the threshold.
 *
 * Sources: Shiryaev (1963), Roberts (1966); Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for
 * sequential change detection" (2023).
 */

/** One sum for each rate that is bet on. */
export type Drift = readonly number[]

/** Rates to bet on, in tolerances, and one that stands for "half of it is wrong". */
const MULTIPLES = [2, 4, 8]
const HALF = 0.5
/** A rate of 1 would be refuted by a single answer that was right. */
const HIGHEST = 0.9

export const NO_DRIFT: Drift = [...MULTIPLES.map(() => 0), 0]

/** The sums after one more answer. */
export function driftAfter(drift: Drift, isError: boolean, tolerance: number): Drift {
  return ratesFor(tolerance).map((rate, i) => {
    const factor = isError ? rate / tolerance : (1 - rate) / (1 - tolerance)
    return ((drift[i] ?? 0) + 1) * factor
  })
}

function ratesFor(tolerance: number): number[] {
  const rates = [...MULTIPLES.map((multiple) => multiple * tolerance), HALF]
  return rates.map((rate) => Math.max(tolerance, Math.min(HIGHEST, rate)))
}

/** What is compared with the threshold: the mean of the sums. */
export function driftOf(drift: Drift): number {
  return drift.reduce((sum, one) => sum + one, 0) / drift.length
}

/** @param falseAlarmEvery mean number of answers between false alarms at the least */
export function hasDrifted(drift: Drift, falseAlarmEvery: number): boolean {
  return driftOf(drift) >= falseAlarmEvery
}
