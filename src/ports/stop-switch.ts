/**
 * The one switch that stops everything. A stop is ordered in two places: in a file of the workspace, which any
 * process that has the workspace open sees before it does the next thing, and in the log, which is the truth and
 * outlasts the file. It is lifted in the log alone.
 */

import { HoldfastError } from '../kernel/errors.ts'

/** A stop that is in force. */
export interface Stop {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** In the operator's words; '' for none. */
  readonly reason: string
}

/** What stands in the file. */
export interface StopOrder {
  readonly order: 'stop' | 'resume'
  /** Of the stop; an order to resume lifts every stop that is on record. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly reason: string
}

/** The file by which a process is reached that has the workspace open, whoever it is. */
export interface StopFile {
  /** What stands in it now; null where there is none. What can't be read is an order to stop. */
  read(): StopOrder | null
  /** Durable once this resolves. */
  write(order: StopOrder): Promise<void>
  remove(): Promise<void>
  /** Calls back when it may have changed, within a second; returns a function that ends it. */
  watch(onChange: () => void): () => void
}

export interface StopSwitch {
  /** The stop in force, by the log or by the file; null for none. Asked before each thing that reaches outside. */
  current(): Stop | null
  /** From this call on nothing reaches outside; on record once this resolves. With a stop in force, that one. */
  stop(reason?: string): Promise<Stop>
  /** Lifts all stops; what was held goes on. Durable once this resolves, with those that were lifted. */
  resume(): Promise<readonly Stop[]>
  close(): Promise<void>
}

/** For a runtime that nothing stops. */
export const NO_SWITCH: StopSwitch = {
  current: () => null,
  stop: () => Promise.reject(noSwitch()),
  resume: () => Promise.resolve([]),
  close: () => Promise.resolve(),
}

function noSwitch(): HoldfastError {
  return new HoldfastError('INPUT_INVALID', 'There is no switch that stops this runtime')
}

/** Why nothing may reach outside, as it is told; null where there is no stop. */
export function whyStopped(stop: Stop | null): string | null {
  if (stop === null) return null
  const since = new Date(stop.since).toISOString()
  return `work was stopped ${since}${stop.reason === '' ? '' : ` (${stop.reason})`}; \`holdfast resume\` lifts it`
}

export const STOPPED = 'work.stopped'
export const RESUMED = 'work.resumed'
