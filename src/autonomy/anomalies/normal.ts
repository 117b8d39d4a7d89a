/** What is normal for an agent, and what would be found, as the operator reads it. */
import type { AnomalySettings, Measure, Normal } from '../../ports/anomalies.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { type Baseline, baselineOf, limitOf } from './baseline.ts'
import { boundsFor, scaleOf } from './judge.ts'
import {
  amountsOf,
  kindsOfAmounts,
  sampleOf,
  WINDOW_MEASURES,
  windowSoFar,
  windowsBefore,
  withoutOwn,
} from './windows.ts'

/** @param number of the window that is under way */
export function normalsOf(
  tables: TablesReader,
  agent: string,
  number: number,
  settings: AnomalySettings,
): Normal[] {
  const before = windowsBefore(tables, agent, number, settings)
  const now = withoutOwn(windowSoFar(tables, agent, number, settings))
  const byWindow = WINDOW_MEASURES.map((measure) => {
    const samples = before.flatMap((row) => sampleOf(measure, row) ?? [])
    const sample = sampleOf(measure, now)
    return told(agent, measure, null, baselineOf(scaleOf(measure), samples), settings, sample)
  })
  const amounts = kindsOfAmounts(tables, agent).map((what) => {
    const samples = amountsOf(tables, agent, what, settings.history)
    return told(agent, 'amount', what, baselineOf(scaleOf('amount'), samples), settings, null)
  })
  return [...byWindow, ...amounts]
}

function told(
  agent: string,
  measure: Measure,
  what: string | null,
  baseline: Baseline,
  settings: AnomalySettings,
  now: { readonly value: number; readonly of: number } | null,
): Normal {
  const { samples, median } = baseline
  const of = now?.of ?? 1
  const { lower, quarantine } = boundsFor(agent, measure, settings)
  const limit = (bound: number | null): number | null => {
    const at = bound === null || samples < settings.minimum ? null : limitOf(baseline, bound, of)
    return at === null || !Number.isFinite(at) || (measure === 'failures' && at > of) ? null : at
  }
  return {
    agent,
    measure,
    what,
    samples,
    needed: settings.minimum,
    expected: median,
    now: now?.value ?? null,
    lowerAt: limit(lower),
    quarantineAt: limit(quarantine),
  }
}
