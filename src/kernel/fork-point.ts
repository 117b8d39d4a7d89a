/**
 * A forked run begins with copies of what its source had settled when it came to one of its operations, and
 * takes its own way from there. What its code sees until then is what the source's code saw: the outcomes,
 * the time, the chance, and the id of the run.
 */
import type { Json, JsonObject } from './json.ts'

export interface ForkPoint {
  /** Id of the source. */
  readonly run: string
  /** Name of the operation that is the first to go another way; null where the whole run does. */
  readonly step: string | null
  /** Of that operation's first event in the source; of its start where there is no operation. */
  readonly position: number
  /** Milliseconds since 1970: what `ctx.now` begins with. null: with the beginning of the run itself. */
  readonly started: number | null
  /** Waits look back at the events that were published after this position. null: after the run's beginning. */
  readonly since: number | null
  /**
   * The runs that it comes from, the first one first. Until the code has asked for `until` it is told that it is
   * this run, and chance follows from this seed.
   */
  readonly line: readonly { readonly run: string; readonly seed: string; readonly until: string }[]
  /** What the operation is given in place of what the code gives it. */
  readonly input?: Json
}

/** Of the body of a `run.started`; null for a run that is no fork. */
export function forkPointOf(started: JsonObject): ForkPoint | null {
  return (started.forkedFrom as unknown as ForkPoint | undefined) ?? null
}
