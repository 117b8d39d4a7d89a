/** What is folded from every log. */
import { backupIndex } from '../adapters/backup/backup-index.ts'
import { anomalyIndex } from '../autonomy/anomalies/anomaly-index.ts'
import { autonomyIndex } from '../autonomy/autonomy-index.ts'
import { flagIndex } from '../flags/flag-index.ts'
import { grantsProjection } from '../policy/grants.ts'
import { sentIndex } from '../policy/guardrails/sent-index.ts'
import { presenceIndex } from '../policy/presence/presence.ts'
import { ratesProjection } from '../policy/rates.ts'
import { secretsProjection } from '../policy/secret-index.ts'
import { spendingProjection } from '../policy/spending.ts'
import { stopIndex } from '../policy/stopping/stop-index.ts'
import type { Projection } from '../ports/projection.ts'
import { RUNTIME_PROJECTIONS } from '../runtime/projections.ts'

export const LOG_PROJECTIONS: readonly Projection[] = [
  ...RUNTIME_PROJECTIONS,
  spendingProjection,
  secretsProjection,
  flagIndex,
  autonomyIndex,
  anomalyIndex,
  grantsProjection,
  ratesProjection,
  stopIndex,
  sentIndex,
  presenceIndex,
  backupIndex,
]
