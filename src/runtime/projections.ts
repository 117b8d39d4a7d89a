/** What the runtime folds from the log, in the order in which it is folded. */
import type { Projection } from '../ports/projection.ts'
import { agentIndex } from './agents/agent-index.ts'
import { alertIndex } from './alert-index.ts'
import { breakerIndex } from './breakers/breaker-index.ts'
import { publishedIndex } from './delivery/published-index.ts'
import { cutOffIndex } from './life/cut-off-index.ts'
import { skippedIndex } from './life/skipped-starts.ts'
import { forkIndex } from './replay/fork-index.ts'
import { delegationIndex } from './reviews/delegation-index.ts'
import { reviewIndex } from './reviews/review-index.ts'
import { undoneIndex } from './rollback/undone-index.ts'
import { runIndex } from './run-index.ts'
import { scheduleIndex } from './schedules/schedule-index.ts'
import { heldIndex } from './stops/held-index.ts'
import { triggerIndex } from './triggers/trigger-index.ts'

export const RUNTIME_PROJECTIONS: readonly Projection[] = [
  runIndex,
  publishedIndex,
  reviewIndex,
  delegationIndex,
  forkIndex,
  agentIndex,
  breakerIndex,
  alertIndex,
  scheduleIndex,
  triggerIndex,
  undoneIndex,
  skippedIndex,
  cutOffIndex,
  heldIndex,
]
