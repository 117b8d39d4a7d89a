/** The baselines of all agents: worked out once in a window, since what lies before it stays as it is, but for what comes late. */
import type { AnomalySettings } from '../../ports/anomalies.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { type Baseline, baselineOf } from './baseline.ts'
import { scaleOf } from './judge.ts'
import { amountsOf, sampleOf, type WindowMeasure, type WindowRow, windowsBefore } from './windows.ts'

export interface Baselines {
  /** Of the windows before the one of this number. */
  of(agent: string, measure: WindowMeasure, number: number, settings: AnomalySettings): Baseline
  /** Something was added to the window of this number. */
  added(agent: string, number: number): void
  /** Of the amounts up to now. */
  ofAmounts(agent: string, what: string, settings: AnomalySettings): Baseline
}

const AGENTS_IN_MEMORY = 1_000

interface Known {
  readonly number: number
  readonly settings: AnomalySettings
  readonly before: readonly WindowRow[]
  readonly byMeasure: Map<WindowMeasure, Baseline>
}

export function baselines(tables: TablesReader): Baselines {
  const known = new Map<string, Known>()

  function knownOf(agent: string, number: number, settings: AnomalySettings): Known {
    const last = known.get(agent)
    if (last !== undefined && last.number === number && sameWindows(last.settings, settings)) return last
    const before = windowsBefore(tables, agent, number, settings)
    const made = { number, settings, before, byMeasure: new Map() }
    if (known.size >= AGENTS_IN_MEMORY) known.clear()
    known.set(agent, made)
    return made
  }

  return {
    of(agent, measure, number, settings) {
      const { before, byMeasure } = knownOf(agent, number, settings)
      const last = byMeasure.get(measure)
      if (last !== undefined) return last
      const samples = before.flatMap((row) => sampleOf(measure, row) ?? [])
      const made = baselineOf(scaleOf(measure), samples)
      byMeasure.set(measure, made)
      return made
    },
    added(agent, number) {
      if (number < (known.get(agent)?.number ?? 0)) known.delete(agent)
    },
    ofAmounts: (agent, what, settings) =>
      baselineOf(scaleOf('amount'), amountsOf(tables, agent, what, settings.history)),
  }
}

function sameWindows(one: AnomalySettings, other: AnomalySettings): boolean {
  return one.windowMs === other.windowMs && one.history === other.history
}
