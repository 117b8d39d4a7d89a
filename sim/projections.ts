import { anomalyIndex } from '../src/autonomy/anomalies/anomaly-index.ts'
import { autonomyIndex } from '../src/autonomy/autonomy-index.ts'
import { flagIndex } from '../src/flags/flag-index.ts'
import { budgetIndex } from '../src/policy/budget-index.ts'
import { stopIndex } from '../src/policy/stopping/stop-index.ts'
import type { Projection } from '../src/ports/projection.ts'
import { RUNTIME_PROJECTIONS } from '../src/runtime/projections.ts'

/** What is folded from a simulated log: what every log has. */
export const PROJECTIONS: readonly Projection[] = [
  ...RUNTIME_PROJECTIONS,
  budgetIndex,
  stopIndex,
  autonomyIndex,
  flagIndex,
  anomalyIndex,
]
