/** What a host program holds of a run, and what it gives: events, and what starts runs. */

import type { Label } from '../kernel/label.ts'
import type { StopSwitch } from '../ports/stop-switch.ts'
import type { RunStatus } from './run-index.ts'
import type { AnySchedule } from './schedules/schedule.ts'
import type { AnyTrigger } from './triggers/trigger.ts'

export interface RunHandle<Output = unknown> {
  readonly id: string
  /** The output once the run has completed; rejects with the run's error code, or HOLDFAST_CLOSED. */
  result(): Promise<Output>
  status(): RunStatus
}

export interface EmittedEvent {
  readonly kind: string
  /** Which of the kind; default ''. */
  readonly key?: string
  readonly data?: unknown
  /** The same id twice is one event. Default: a new UUIDv7, never given to anybody and so never looked for. */
  readonly id?: string
  readonly label?: Label
  /** Who published it, for the record. Default `operator`. */
  readonly actor?: string
  /** Only for this agent, whatever kinds it handles; the key is that of the instance. */
  readonly to?: string
}

/** What starts runs by itself, and what stops all of them. */
export interface Starters {
  readonly schedules?: readonly AnySchedule[] | undefined
  readonly triggers?: readonly AnyTrigger[] | undefined
  /** Default: nothing is ever stopped. */
  readonly work?: StopSwitch
}
