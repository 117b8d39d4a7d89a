/**
 * The whole story of one run, read from its slice of the log: what it was given, every operation with what
 * it saw and produced, which rule let it through, what it cost, how it ended. Each piece names the
 * positions of the events that it rests on.
 */

import { type ErrorRecord, HoldfastError } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { RUN_ENDS, type RunStatus } from '../kernel/journal.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import { inForce } from '../kernel/reopening.ts'
import { runStream } from '../kernel/run-stream.ts'
import type { EventLog } from '../ports/event-log.ts'
import { type RunCost, runCost } from './run-cost.ts'
import { asidesOf } from './story-asides.ts'
import { type StoryGraph, storyGraphs } from './story-graphs.ts'
import { type StoryOperation, storyOperations } from './story-operations.ts'
import { discardOf, reopeningsOf, type StoryDiscard, type StoryReopening } from './story-reopenings.ts'
import { rollbackOf, undoneOf } from './story-rollback.ts'
import { type Waiting, waitingFor } from './why.ts'

export interface RunStory {
  readonly run: string
  readonly workflow: string
  readonly version: number
  readonly status: RunStatus
  readonly customer: string | null
  readonly parent: { readonly run: string; readonly name: string } | null
  /** The trigger that started it, and the positions of the events that it was started by. */
  readonly triggeredBy: { readonly name: string; readonly positions: readonly number[] } | null
  /** The run that it was forked from, and the operation from which on it goes its own way; null: from the start. */
  readonly forkedFrom: {
    readonly run: string
    readonly step: string | null
    readonly position: number
  } | null
  /** The runs that were forked from it, in order. */
  readonly forks: readonly { readonly run: string; readonly step: string | null }[]
  /** Milliseconds since 1970. */
  readonly started: number
  readonly startedBy: string
  /** null while it has not ended. */
  readonly ended: number | null
  /** Who ended it. */
  readonly endedBy: string | null
  readonly durationMs: number | null
  readonly input: Json
  /** Of the input: where it came from. */
  readonly label: Label
  readonly output: Json
  /** Id of the run that it goes on as; null for none. */
  readonly next: string | null
  /** Why it failed, was cancelled or has stalled. */
  readonly error: ErrorRecord | null
  /** The run that undoes what it did; null for none. */
  readonly rollback: { readonly run: string; readonly status: RunStatus } | null
  /** How often it had failed and was retried, the oldest first. */
  readonly reopenings: readonly StoryReopening[]
  /** When, by whom and why its failure was settled without a retry; null when it was not. */
  readonly discarded: StoryDiscard | null
  readonly waitsFor: readonly Waiting[]
  readonly cost: RunCost
  readonly graphs: readonly StoryGraph[]
  /** In the order in which they first appear in the log. */
  readonly operations: readonly StoryOperation[]
  /** Positions of its first and its last event. */
  readonly positions: readonly [number, number]
  /** Positions of events whose bodies were erased; what they said is missing here. */
  readonly erased: readonly number[]
  /** When, by whom and why the whole run was erased; null when it was not. */
  readonly erasure: { readonly time: number; readonly by: string; readonly reason: string } | null
}

/** @throws RUN_NOT_FOUND */
export function runStory(log: Pick<EventLog, 'readStream' | 'tables'>, run: string): RunStory {
  const events = log.readStream(runStream(run))
  const row = log.tables.get<Header>(
    `SELECT workflow, version, status, customer, parent, parent_name AS parentName
     FROM runs WHERE id = ?`,
    run,
  )
  const [first] = events
  if (row === undefined || first === undefined) {
    throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
  }
  const { parent, parentName, ...header } = row
  const reopenedAt = events.findLastIndex(({ kind }) => kind === 'run.reopened')
  const end = events.find(({ kind }, i) => i > reopenedAt && RUN_ENDS.has(kind))
  const stop = end ?? (row.status === 'stalled' ? events.findLast(isStall) : undefined)
  return {
    run,
    ...header,
    parent: parent === null ? null : { run: parent, name: parentName ?? '' },
    triggeredBy: triggeredByOf(first),
    forkedFrom: forkedFromOf(first),
    forks: forksOf(log, run),
    started: first.time,
    startedBy: first.actor,
    ended: end?.time ?? null,
    endedBy: end?.actor ?? null,
    durationMs: end === undefined ? null : end.time - first.time,
    input: first.body?.input ?? null,
    label: first.label,
    output: end?.body?.output ?? null,
    next: typeof end?.body?.next === 'string' ? end.body.next : null,
    error: (stop?.body?.error as unknown as ErrorRecord | undefined) ?? null,
    rollback: rollbackOf(log.tables, run),
    reopenings: reopeningsOf(events),
    discarded: discardOf(events),
    waitsFor: waitingFor(log.tables, run),
    cost: runCost(events),
    graphs: storyGraphs(inForce(events)),
    operations: storyOperations(
      inForce(events),
      (id) => log.readStream(`event/${id}`)[0]?.body ?? null,
      undoneOf(log.tables, run),
      (review) => asidesOf(log, review),
    ),
    positions: [first.position, events.at(-1)?.position ?? first.position],
    erased: events.filter(({ body }) => body === null).map(({ position }) => position),
    erasure:
      log.tables.get<NonNullable<RunStory['erasure']> & Record<string, never>>(
        'SELECT time, actor AS "by", reason FROM runs_erased WHERE run = ?',
        run,
      ) ?? null,
  }
}

function forksOf({ tables }: Pick<EventLog, 'tables'>, run: string): RunStory['forks'] {
  const sql = 'SELECT run, step FROM forks WHERE source = ? ORDER BY position'
  return tables.all<RunStory['forks'][number]>(sql, run).map((row) => ({ ...row }))
}

function triggeredByOf({ body }: StoredEvent): RunStory['triggeredBy'] {
  if (body?.triggered === undefined) return null
  const { name, positions } = body.triggered as JsonObject
  return { name: String(name), positions: positions as number[] }
}

function forkedFromOf({ body }: StoredEvent): RunStory['forkedFrom'] {
  if (body?.forkedFrom === undefined) return null
  const { run, step, position } = body.forkedFrom as JsonObject
  return { run: String(run), step: step === null ? null : String(step), position: Number(position) }
}

interface Header {
  workflow: string
  version: number
  status: RunStatus
  customer: string | null
  parent: string | null
  parentName: string | null
}

function isStall({ kind }: StoredEvent): boolean {
  return kind === 'run.stalled'
}
