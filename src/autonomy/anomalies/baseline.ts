/**
 * What is normal, told so that a few outliers do not move it: the median, and as spread the median absolute deviation
 * (MAD), which up to half of the values can't spoil. Counts are compared by their square roots and sizes by their
 * logarithms, where the spread is about the same whatever the median is. What was reached three times before is a
 * habit, however far from the median, such as a busy Monday; an anomaly is well above that, too. What happened twice
 * is no habit yet.
 *
 * Sources: Hampel, "The influence curve and its role in robust estimation" (1974), for median and MAD; Leys et al.,
 * "Detecting outliers" (2013), for bounds by them; Anscombe, "The transformation of Poisson, binomial and
 * negative-binomial data" (1948), for square roots of counts and angles of rates.
 */

/** A *count* is what happens so many times; a *size* is an amount, a time or a sum of money; a *rate* is a part of all. */
export type Scale = 'count' | 'size' | 'rate'

/** One window, or one single thing. `of` how many, for a rate; 1 else. */
export interface Sample {
  readonly value: number
  readonly of: number
}

export interface Baseline {
  readonly scale: Scale
  /** How many it rests on. */
  readonly samples: number
  /** The usual value; of a rate, 0 to 1. */
  readonly median: number
  /** On the scale of comparison; one of chance alone at the least. */
  readonly spread: number
  /** What was reached or passed three times before. */
  readonly known: number
}

/** Makes the MAD of a normal distribution its standard deviation. */
const MAD_TO_SIGMA = 1.4826
/** The spread that chance alone makes: of counts and rates, by their transformations; of sizes, a factor of 1.4. */
const LEAST_SPREAD: Readonly<Record<Scale, number>> = { count: 1, size: 0.5, rate: 1 }
const HABIT = 3

/** @param samples without the one that is judged; in any order */
export function baselineOf(scale: Scale, samples: readonly Sample[]): Baseline {
  const median = scale === 'rate' ? weightedMedian(samples) : medianOf(samples.map(({ value }) => value))
  const off = samples.map((sample) => Math.abs(distance(scale, sample, median)))
  const spread = Math.max(LEAST_SPREAD[scale], MAD_TO_SIGMA * medianOf(off))
  const highest = samples.map(({ value, of }) => value / of).toSorted((a, b) => b - a)
  return { scale, samples: samples.length, median, spread, known: highest[HABIT - 1] ?? 0 }
}

/** How far above what is usual it is, in spreads, or above the habit, in halves of that of chance: the lesser of both. */
export function excessOf({ scale, median, spread, known }: Baseline, sample: Sample): number {
  const aboveHabit = distance(scale, sample, known) / (LEAST_SPREAD[scale] / 2)
  return Math.min(distance(scale, sample, median) / spread, aboveHabit)
}

/** The least value of which the excess reaches `bound`. Of a rate: among so many. */
export function limitOf({ scale, median, spread, known }: Baseline, bound: number, of = 1): number {
  const far = Math.max(
    comparable(scale, median * of, of) + bound * spread,
    comparable(scale, known * of, of) + (bound * LEAST_SPREAD[scale]) / 2,
  )
  if (scale === 'size') return 2 ** far - 1
  return Math.ceil((scale === 'count' ? (far / 2) ** 2 - 3 / 8 : partAt(far, of)) - ROUNDING)
}

/** Below it, a difference comes from rounding. */
const ROUNDING = 1e-9

export function medianOf(values: readonly number[]): number {
  if (values.length === 0) return 0
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

/** Of rates, each with the weight of how many it is of. */
function weightedMedian(samples: readonly Sample[]): number {
  const sorted = samples.toSorted((a, b) => a.value / a.of - b.value / b.of)
  const half = samples.reduce((sum, { of }) => sum + of, 0) / 2
  let weight = 0
  for (const { value, of } of sorted) {
    weight += of
    if (weight >= half) return value / of
  }
  return 0
}

function distance(scale: Scale, { value, of }: Sample, median: number): number {
  return comparable(scale, value, of) - comparable(scale, median * of, of)
}

/** Where the spread by chance is 1 for counts and rates, and the same for all sizes. */
function comparable(scale: Scale, value: number, of: number): number {
  if (scale === 'size') return Math.log2(1 + value)
  if (scale === 'count') return 2 * Math.sqrt(value + 3 / 8)
  return 2 * Math.sqrt(of + 1 / 2) * Math.asin(Math.sqrt(Math.min(1, (value + 3 / 8) / (of + 3 / 4))))
}

/** How many of so many are at this place; infinite for a place that all of them do not reach. */
function partAt(place: number, of: number): number {
  const angle = place / (2 * Math.sqrt(of + 1 / 2))
  if (angle > Math.PI / 2) return Number.POSITIVE_INFINITY
  return Math.sin(angle) ** 2 * (of + 3 / 4) - 3 / 8
}
