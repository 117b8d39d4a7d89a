import { anomalyIndex } from '../src/autonomy/anomalies/anomaly-index.ts'
import { autonomyIndex } from '../src/autonomy/autonomy-index.ts'
import { flagIndex } from '../src/flags/flag-index.ts'
import { budgetIndex } from '../src/policy/budget-index.ts'
import { stopIndex } from '../src/policy/stopping/stop-index.ts'
import type { Projection } from '../src/ports/projection.ts'
import { RUNTIME_PROJECTIONS } from '../src/runtime/projections.ts'

/** What is far from an agent's past shows after weeks with something in them; nothing is counted for that. */
const unused: Projection = { ...anomalyIndex, kinds: [] }

/** What is folded from a simulated log: what every log has. */
export const PROJECTIONS: readonly Projection[] = [
  ...RUNTIME_PROJECTIONS,
  budgetIndex,
  stopIndex,
  autonomyIndex,
  flagIndex,
  unused,
]
