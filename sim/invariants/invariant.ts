/** What an invariant is given, and how it says that it does not hold. */
import type { StoredEvent } from '../../src/kernel/event.ts'

/** What is wrong, by the name of the invariant. */
export class Violation extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

/** How it was when somebody asked for the append of an event: the same object for all events of one append. */
export interface Asked {
  readonly now: number
  /** The latest time of day that whoever asked may have seen just before. */
  readonly reached: number
  /** The latest time of day that there has been: a clock that jumps may be set back between a look at it and this. */
  readonly latest: number
  /** Position up to which the log had come. */
  readonly head: number
  /** How often the clock had jumped: then, and when it was found in the log. */
  readonly jumps: number
  readonly jumpsAtCommit: number
}

export interface Invariant {
  /** The next event of the log. @throws Violation */
  see(event: StoredEvent, asked: Asked | undefined): void
  /** When all that was begun should have come to its end. @throws Violation */
  end(): void
}

const RUN = 'run/'

/** The run whose stream it is; null for another. */
export function runOf({ stream }: StoredEvent): string | null {
  return stream.startsWith(RUN) ? stream.slice(RUN.length) : null
}
