/** The side of the runtime that one execution sees. */
import type { NewEvent } from '../../kernel/event.ts'
import type { Journal } from '../../kernel/journal.ts'
import type { Json } from '../../kernel/json.ts'
import type { AnyWorkflow } from '../../kernel/workflow.ts'
import type { Autonomy } from '../../ports/autonomy.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { Flags } from '../../ports/flags.ts'
import type { Gate } from '../../ports/gate.ts'
import type { Restore } from '../../ports/restores.ts'
import type { Breakers } from '../breakers/breakers.ts'
import type { Link } from '../life/run-chain.ts'
import type { OperationOf } from '../operations.ts'
import type { Execution } from './execution.ts'

/** What an execution needs of the runtime around it. */
export interface ExecutionHost {
  readonly log: EventLog
  readonly gate: Gate
  readonly flags: Flags
  /** null: the operator answers every review. */
  readonly autonomy: Autonomy | null
  readonly clock: Clock
  /** When the log was last restored from a backup; null for never. */
  readonly restored: Restore | null
  readonly breakers: Breakers
  /** The workflow that a run began with. @throws WORKFLOW_UNKNOWN */
  workflow(name: string, version: number): AnyWorkflow
  /** The `run.started` of a child, to be appended together with the parent's record of it. */
  childStart(run: string, child: OperationOf<'child'>, parent: Execution): StreamAppend
  /** What goes on record in one commit with the end of a run, such as the state of the agent that it is of. */
  besideEnd(journal: Journal, end: NewEvent): readonly StreamAppend[]
  /** The run that goes on in place of this one. @throws INPUT_INVALID, RUN_ID_CONFLICT, WORKFLOW_UNKNOWN */
  nextLink(execution: Execution, input: Json): Promise<Link>
  /** Nothing of the run is under way; it waits. */
  parked(execution: Execution): void
  /** Something of the run is under way again. */
  resumed(execution: Execution): void
  /** The run has ended, or this execution can not go on; the error says why, if it is not the end. */
  finished(execution: Execution, error?: unknown): void
}
