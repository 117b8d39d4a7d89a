/** The data of a reliability diagram, with the two numbers that sum it up (Brier, 1950; Guo et al., 2017). */
import type { Reliability, ReliabilityBin } from '../ports/autonomy.ts'

/** What an agent said, 0 to 1, and whether it was right. */
export interface Judged {
  readonly confidence: number
  readonly right: boolean
}

const BINS = 10

export function reliabilityOf(outcomes: readonly Judged[]): Reliability {
  const bins = Array.from({ length: BINS }, (_, i) => binOf(outcomes, i))
  if (outcomes.length === 0) return { bins, ece: null, brier: null }
  const off = bins.map(({ count, confidence, right }) => count * Math.abs((confidence ?? 0) - (right ?? 0)))
  const squares = outcomes.map(({ confidence, right }) => (confidence - (right ? 1 : 0)) ** 2)
  return { bins, ece: sum(off) / outcomes.length, brier: sum(squares) / outcomes.length }
}

function binOf(outcomes: readonly Judged[], index: number): ReliabilityBin {
  const inside = outcomes.filter(({ confidence }) => placeOf(confidence) === index)
  const [from, to, count] = [index / BINS, (index + 1) / BINS, inside.length]
  if (count === 0) return { from, to, count, confidence: null, right: null }
  const right = inside.filter((one) => one.right).length
  return {
    from,
    to,
    count,
    confidence: sum(inside.map((one) => one.confidence)) / count,
    right: right / count,
  }
}

function placeOf(confidence: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.floor(confidence * BINS)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
