/**
 * Why a run is where it is: what it waits for, since when, what happens next and when, and what a person
 * can do. Read from its slice of the log and the tables; each reason names the events that it rests on.
 */

import { type ErrorRecord, HoldfastError } from '../../kernel/errors.ts'
import { foldJournal, type RunStatus } from '../../kernel/journal.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Facts, RunRow } from './facts.ts'
import { type Starter, starterOf } from './starter.ts'
import { STATES } from './states.ts'

export interface Reason {
  /** What sort of thing: `review`, `event`, `timer`, `attempt`, `connector`, `child`, `turn`, `code` … */
  readonly kind: string
  /** Fits after "waits for": `your answer to r-5f2c81aa: Reply to Ann`. */
  readonly words: string
  /** Milliseconds since 1970. */
  readonly since: number | null
  /** When it ends by itself at the latest; null when it doesn't. */
  readonly until: number | null
  /** What happens then; a sentence. */
  readonly next: string
  /** What a person can type, without the name of the program; null where there is nothing to do but wait. */
  readonly command: string | null
  /** What went wrong before, where something did. */
  readonly error: ErrorRecord | null
  /** Of the events of the run that it rests on. */
  readonly positions: readonly number[]
  /** For a run that it waits for: what that one waits for. */
  readonly because: Explanation | null
}

export interface Explanation {
  readonly run: string
  readonly workflow: string
  readonly version: number
  readonly status: RunStatus
  /** When the status last changed; milliseconds since 1970. */
  readonly since: number
  /** Who or what started it: a trigger, a schedule, an agent, another run, or a person or program. */
  readonly startedBy: Starter
  /** One sentence. */
  readonly summary: string
  readonly reasons: readonly Reason[]
  /** Why it failed, was cancelled or has stalled. */
  readonly error: ErrorRecord | null
  /** What a person can do; null where nothing needs to be done. */
  readonly fix: string | null
  /** What can be typed for it, without the name of the program. */
  readonly commands: readonly string[]
  /** Of the event that the summary rests on. */
  readonly positions: readonly number[]
}

export interface ExplainOptions {
  /** What the code of a run has asked for and not been given, where the run is in this process; else undefined. */
  readonly asked?: (run: string) => readonly string[] | undefined
}

/** Children of children of … are followed so far. */
const DEEPEST = 5

/** @throws RUN_NOT_FOUND */
export function explain(
  log: Pick<EventLog, 'readStream' | 'tables'>,
  run: string,
  options: ExplainOptions = {},
): Explanation {
  return explainAt(log, run, options, 0)
}

function explainAt(
  log: Pick<EventLog, 'readStream' | 'tables'>,
  run: string,
  options: ExplainOptions,
  depth: number,
): Explanation {
  const row = log.tables.get<RunRow>(
    'SELECT id, workflow, version, status, updated, error_code AS errorCode FROM runs WHERE id = ?',
    run,
  )
  if (row === undefined) {
    throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
  }
  const events = log.readStream(runStream(run))
  const facts: Facts = {
    tables: log.tables,
    run: row,
    events,
    journal: foldJournal(run, events),
    asked: options.asked?.(run),
    explain: (other) => (depth < DEEPEST ? explainAt(log, other, options, depth + 1) : null),
  }
  const { workflow, version, status, updated: since } = row
  const startedBy = starterOf(run, events[0] ?? { actor: '', body: null })
  return { run, workflow, version, status, since, startedBy, ...STATES[status](facts) }
}
