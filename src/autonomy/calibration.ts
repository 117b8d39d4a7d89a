/**
 * What a confidence is worth: a map from what an agent says to how often it was right when it said so, fitted to
 * the outcomes. With many outcomes by isotonic regression, which only takes it that more confidence is not worse;
 * with fewer by Platt's curve of two numbers; with few not at all.
 *
 * Sources: Zadrozny and Elkan (2002) for isotonic calibration; Platt (1999) for the curve.
 */
import type { Reliability } from '../ports/autonomy.ts'
import { fitIsotonic } from './isotonic.ts'
import { fitPlatt } from './platt.ts'
import { type Judged, reliabilityOf } from './reliability.ts'

export type Method = 'isotonic' | 'platt' | 'none'

export interface Fitted {
  readonly method: Method
  /** From raw to calibrated confidence; the raw one where there is no fit. */
  readonly of: (confidence: number) => number
}

export const LEAST_FOR_PLATT = 30
export const LEAST_FOR_ISOTONIC = 200

export function fitCalibration(outcomes: readonly Judged[]): Fitted {
  if (outcomes.length >= LEAST_FOR_ISOTONIC) return { method: 'isotonic', of: fitIsotonic(outcomes) }
  if (outcomes.length >= LEAST_FOR_PLATT) return { method: 'platt', of: fitPlatt(outcomes) }
  return { method: 'none', of: (confidence) => confidence }
}

/** Each half judged by the fit to the other, so that no outcome speaks for itself. null where nothing is fitted. */
export function crossReliability(outcomes: readonly Judged[]): Reliability | null {
  const { method } = fitCalibration(outcomes)
  if (method === 'none') return null
  const fit = method === 'isotonic' ? fitIsotonic : fitPlatt
  const halves = [0, 1].map((half) => outcomes.filter((_, i) => i % 2 === half))
  const judged = halves.flatMap((half, i) => {
    const of = fit(halves[1 - i] ?? [])
    return half.map(({ confidence, right }) => ({ confidence: of(confidence), right }))
  })
  return reliabilityOf(judged)
}
