/**
 * Platt's curve: the chance of being right as a logistic function of the log odds of what the agent says, fitted by
 * Newton's method with targets drawn in from 0 and 1 (Platt, 1999; Lin, Lin and Weng, 2007).
 */
import type { Judged } from './reliability.ts'

const ITERATIONS = 50
/** Keeps the matrix from being singular where all say the same. */
const RIDGE = 1e-3
const EDGE = 1e-3
/** The curve itself comes to 0 and 1 where numbers end. */
const UNSURE = 1e-6

export function fitPlatt(outcomes: readonly Judged[]): (confidence: number) => number {
  const right = outcomes.filter((one) => one.right).length
  const targets = { right: (right + 1) / (right + 2), wrong: 1 / (outcomes.length - right + 2) }
  const points = outcomes.map((one) => ({
    x: logOdds(one.confidence),
    target: one.right ? targets.right : targets.wrong,
  }))
  let [slope, shift] = [0, logOdds((right + 1) / (outcomes.length + 2))]
  for (let i = 0; i < ITERATIONS; i += 1) {
    let [gs, gb, hss, hsb, hbb] = [RIDGE * slope, 0, RIDGE, 0, RIDGE]
    for (const { x, target } of points) {
      const p = logistic(slope * x + shift)
      const weight = p * (1 - p)
      gs += (p - target) * x
      gb += p - target
      hss += weight * x * x
      hsb += weight * x
      hbb += weight
    }
    const determinant = hss * hbb - hsb * hsb
    const [ds, db] = [(hbb * gs - hsb * gb) / determinant, (hss * gb - hsb * gs) / determinant]
    slope -= ds
    shift -= db
    if (Math.abs(ds) + Math.abs(db) < 1e-9) break
  }
  // Less confidence is never worth more: an agent that is wrong about itself gets its mean.
  if (slope > 0 && Number.isFinite(shift))
    return (confidence) => unsure(logistic(slope * logOdds(confidence) + shift))
  const mean = (right + 1) / (outcomes.length + 2)
  return () => mean
}

function unsure(p: number): number {
  return Math.min(1 - UNSURE, Math.max(UNSURE, p))
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

function logOdds(confidence: number): number {
  const p = Math.min(1 - EDGE, Math.max(EDGE, confidence))
  return Math.log(p / (1 - p))
}
