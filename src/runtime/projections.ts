/** What the runtime folds from the log, in the order in which it is folded. */
import type { Projection } from '../ports/projection.ts'
import { agentIndex } from './agents/agent-index.ts'
import { alertIndex } from './alert-index.ts'
import { breakerIndex } from './breakers/breaker-index.ts'
import { cutOffIndex } from './cut-off-index.ts'
import { forkIndex } from './fork-index.ts'
import { publishedIndex } from './published-index.ts'
import { reviewIndex } from './review-index.ts'
import { delegationIndex } from './reviews/delegation-index.ts'
import { undoneIndex } from './rollback/undone-index.ts'
import { runIndex } from './run-index.ts'
import { scheduleIndex } from './schedules/schedule-index.ts'
import { skippedIndex } from './skipped-starts.ts'
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
