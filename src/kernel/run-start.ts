/** How a run began, as its first event says. */
import { type Parent, readParent } from './children.ts'
import type { StoredEvent } from './event.ts'
import { type ForkPoint, forkPointOf } from './fork-point.ts'
import type { Json, JsonObject } from './json.ts'
import type { Label } from './label.ts'

/** What the journal needs of an event; the position only of `run.started`. */
export type JournalEvent = Partial<StoredEvent> &
  Pick<StoredEvent, 'version' | 'kind' | 'time' | 'label' | 'body'>

export interface RunStart {
  readonly workflow: string
  readonly workflowVersion: number
  readonly input: Json
  readonly seed: string
  readonly customer: string | null
  readonly parent: Parent | null
  /** Which of a chain of runs that continue each other it is; null for one that continues none. */
  readonly chain: { readonly first: string; readonly link: number } | null
  /** Position behind which its waits look for events, where that is not its own. */
  readonly waitsSince: number | null
  /**
   * Position of the first thing from outside that whoever started it had read, where that is known; null else: for
   * what begins with something from outside, its own beginning.
   */
  readonly externalSince: number | null
  /** Whether it was put into the queue, or is to begin later. */
  readonly isQueued: boolean
  /** null for a run that is no fork of another. */
  readonly fork: ForkPoint | null
  /** 0 while it is not on disk. */
  readonly position: number
  readonly time: number
  /**
   * What the code is told that the time is at first: when it left the queue, if it was in it; in a fork, as in its
   * source. Milliseconds since 1970, as `time`.
   */
  readonly toldTime: number
  readonly label: Label
}

export function readStart(event: JournalEvent, body: JsonObject): RunStart {
  return {
    workflow: String(body.workflow),
    workflowVersion: Number(body.version),
    input: body.input ?? null,
    seed: String(body.seed),
    customer: (body.customer as string | null) ?? null,
    parent: readParent(body),
    chain: (body.chain as unknown as RunStart['chain']) ?? null,
    waitsSince: body.waits === undefined ? null : Number((body.waits as JsonObject).since),
    externalSince: typeof body.externalSince === 'number' ? body.externalSince : null,
    isQueued: body.queue !== undefined,
    fork: forkPointOf(body),
    position: event.position ?? 0,
    time: event.time,
    toldTime: forkPointOf(body)?.started ?? event.time,
    label: event.label,
  }
}

/** As it begins when it has left the queue. Records of before say nothing of it: there the time of its start was told. */
export function readAdmission(start: RunStart, { time, body }: JournalEvent): RunStart {
  const isTold = body?.begins === true && typeof start.fork?.started !== 'number'
  return isTold ? { ...start, toldTime: time } : start
}
