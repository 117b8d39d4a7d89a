/** Whether something is an anomaly, and how it is said. Pure. */
import { isNameOf } from '../../kernel/agent.ts'
import type { AnomalyBounds, AnomalySettings, Finding, Measure } from '../../ports/anomalies.ts'
import { type Baseline, excessOf, limitOf, type Sample, type Scale } from './baseline.ts'

const SCALES: Readonly<Record<Measure, Scale>> = {
  runs: 'count',
  failures: 'rate',
  duration: 'size',
  cost: 'size',
  effects: 'count',
  recipients: 'count',
  amount: 'size',
}

export function scaleOf(measure: Measure): Scale {
  return SCALES[measure]
}

export interface Judged {
  readonly agent: string
  readonly measure: Measure
  readonly what?: string
}

/** What is far from normal, by the higher of the bounds that it reaches; null for all that is not. */
export function judge(
  { agent, measure, what }: Judged,
  sample: Sample,
  baseline: Baseline,
  settings: AnomalySettings,
): Finding | null {
  if (baseline.samples < settings.minimum) return null
  const excess = excessOf(baseline, sample)
  const { lower, quarantine } = boundsFor(agent, measure, settings)
  const reaches = (bound: number | null): bound is number => bound !== null && excess >= bound - ROUNDING
  const severity = reaches(quarantine) ? 'quarantine' : reaches(lower) ? 'lower' : null
  if (severity === null) return null
  const bound = severity === 'quarantine' ? quarantine : lower
  return {
    measure,
    what: what ?? null,
    severity,
    seen: sample.value,
    of: sample.of,
    expected: rounded(baseline.median * sample.of),
    limit: rounded(limitOf(baseline, bound ?? 0, sample.of)),
    excess: rounded(excess),
    samples: baseline.samples,
  }
}

/** As `limitOf`: what is at the limit is found. */
const ROUNDING = 1e-9

export function boundsFor(agent: string, measure: Measure, settings: AnomalySettings): AnomalyBounds {
  const own = settings.exceptions.find(
    (one) =>
      (one.agent === '*' || isNameOf(one.agent, agent)) && (one.measure === '*' || one.measure === measure),
  )
  if (own !== undefined) return own
  // How many runs there are is up to whoever writes, and to what falls due on one day: what they do is judged by itself.
  return measure === 'runs' ? { lower: settings.lower, quarantine: null } : settings
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
