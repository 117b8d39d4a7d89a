/** What a runtime is made with. */
import type { AnyWorkflow } from '../kernel/workflow.ts'
import type { Autonomy } from '../ports/autonomy.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Flags } from '../ports/flags.ts'
import type { Gate } from '../ports/gate.ts'
import type { Execution } from './run/execution.ts'

export interface RuntimeOptions {
  readonly log: EventLog
  readonly gate: Gate
  /** Decides whether a person sees a review. Default: the operator answers every one. */
  readonly autonomy?: Autonomy
  readonly clock: Clock
  readonly workflows: readonly AnyWorkflow[]
  /** Default: there are none. */
  readonly flags?: Flags
  /** Runs under way at once; more wait their turn in the log. Default 200. */
  readonly activeRuns?: number
  /** Parked runs kept in memory, so that waking them replays nothing. Default 500. */
  readonly residentRuns?: number
  /** Deaths of the process in a row that a run may be under way at without getting on. Default 10. */
  readonly cutOffs?: number
}

export type Wake = (execution: Execution) => void

/** A run that is to be brought in: what to do then, and who is told why it can't be. */
export interface Waking {
  readonly wake: Wake
  readonly fail: (error: unknown) => void
}
