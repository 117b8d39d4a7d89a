/** What a run put on record, operation by operation, in the form that a replay compares with. */

import { effectOfReview } from '../../kernel/effect-review.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import {
  foldJournal,
  type JournalEntry,
  type OperationType,
  RUN_ENDS,
  type RunEnd,
} from '../../kernel/journal.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { isNote, type Note, noteKey } from '../../kernel/note.ts'
import { inForce } from '../../kernel/reopening.ts'
import type { RunStart } from '../../kernel/run-start.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { type RequestReader, requestOnRecord } from './replay-request.ts'

export interface RecordedOperation {
  readonly name: string
  readonly type: OperationType
  /** What was asked for, as `requestOf` puts it; undefined where the record does not say. */
  readonly request: Json | undefined
  /** Position of its first event. */
  readonly position: number
  /** Fingerprint of a step's code. */
  readonly code: string | null
  readonly settled: (NonNullable<JournalEntry['settled']> & { readonly event: StoredEvent }) | null
  /** `intended` or `unknown` while it may have happened without a record of it. */
  readonly effect: JournalEntry['effect']
  /** Given up by the code. */
  readonly abandoned: boolean
  /** From before the run was reopened: the code need not ask for it again. */
  readonly isLoose: boolean
  /** Asked for by an effect or a decision, not by the code of the workflow. */
  readonly isInner: boolean
  /** Id of the run that it started; null for what starts none, and for a copied outcome. */
  readonly child: string | null
  /** Given by whoever forked the run: the code did not make it. */
  readonly isAmended: boolean
}

export interface RecordedNote {
  readonly kind: Note['kind']
  readonly body: JsonObject
  readonly position: number
}

export interface RunRecord {
  readonly run: string
  readonly start: RunStart
  readonly end: RunEnd | null
  /** Position of the last event: of the end, if the run has ended. */
  readonly lastPosition: number
  /** Of the last event that was put on record when nothing of the run was under way, since it was reopened; 0 for none. */
  readonly lastParkVersion: number
  /** Whether nothing followed after that. */
  readonly isParked: boolean
  /** By their keys, without the marks that they carry for the runtime. */
  readonly notes: ReadonlyMap<string, RecordedNote>
  /** In the order of their first events. */
  readonly operations: ReadonlyMap<string, RecordedOperation>
}

/** @throws RUN_NOT_FOUND, BODY_ERASED */
export function readRecord(log: EventLog, run: string): RunRecord {
  const all = log.readStream(runStream(run))
  const reopenedAt = all.findLastIndex(({ kind }) => kind === 'run.reopened')
  const endIndex = all.findIndex(({ kind }, i) => i > reopenedAt && RUN_ENDS.has(kind))
  const events = endIndex === -1 ? all : all.slice(0, endIndex + 1)
  const last = events.at(-1)
  if (last === undefined) {
    throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${run}`, { details: { run } })
  }
  for (const event of events) assertKept(event)
  const journal = foldJournal(run, events)
  if (journal.start === null) {
    throw new HoldfastError('LOG_CORRUPT', `Run ${run} has no beginning`, { details: { run } })
  }
  const parks = events.findLast((event, i) => i > reopenedAt && isPark(event))
  return {
    run,
    start: journal.start,
    end: journal.end,
    lastPosition: last.position,
    lastParkVersion: parks?.version ?? 0,
    isParked: parks === last,
    notes: notesOf(inForce(events)),
    operations: operationsOf(log, events, journal.entries),
  }
}

function notesOf(events: readonly StoredEvent[]): Map<string, RecordedNote> {
  const notes = new Map<string, RecordedNote>()
  for (const { kind, body, position } of events) {
    if (!isNote(kind) || body === null) continue
    const { parks, wakes, ...own } = body
    notes.set(noteKey({ kind, body }), { kind, body: own, position })
  }
  return notes
}

function isPark({ kind, body }: StoredEvent): boolean {
  return kind === 'run.parked' || body?.parks === true
}

function operationsOf(
  log: EventLog,
  events: readonly StoredEvent[],
  entries: ReadonlyMap<string, JournalEntry>,
): Map<string, RecordedOperation> {
  const reader: RequestReader = { first: (stream) => firstOf(log, stream) }
  const byName = Map.groupBy(inForce(events), ({ body }) => (typeof body?.name === 'string' ? body.name : ''))
  byName.delete('')
  const typeOf = (name: string) => entries.get(name)?.type ?? typeOfRequest(byName.get(name)?.[0])
  const operations = new Map<string, RecordedOperation>()
  for (const [name, own] of byName) {
    const type = typeOf(name)
    if (type === undefined) continue
    const entry = entries.get(name)
    const asker = type === 'review' ? effectOfReview(name) : null
    operations.set(name, {
      name,
      type,
      request: own.map((event) => requestOnRecord(event, reader)).find((request) => request !== undefined),
      position: own[0]?.position ?? 0,
      code: entry?.code ?? null,
      settled: settledOf(events, entry),
      effect: entry?.effect ?? null,
      abandoned: entry?.abandoned ?? false,
      isLoose: entry?.isLoose ?? false,
      isInner: asker !== null && ['effect', 'undo', 'decision'].includes(typeOf(asker) ?? ''),
      child: childOf(own),
      isAmended: own[0]?.body?.amended === true,
    })
  }
  return operations
}

function childOf(events: readonly StoredEvent[]): string | null {
  const run = events.find(({ kind }) => kind === 'child.started')?.body?.run
  return typeof run === 'string' ? run : null
}

/** For an operation of which only the policy's word is on record. */
function typeOfRequest(event: StoredEvent | undefined): OperationType | undefined {
  const request = event?.body?.request as JsonObject | undefined
  if (request === undefined) return undefined
  if (request.type === 'undo') return 'undo'
  return request.type === 'model' ? 'decision' : 'effect'
}

function settledOf(
  events: readonly StoredEvent[],
  entry: JournalEntry | undefined,
): RecordedOperation['settled'] {
  if (!entry?.settled) return null
  const event = events[entry.settled.version - 1]
  return event === undefined ? null : { ...entry.settled, event }
}

function firstOf(log: EventLog, stream: string): JsonObject {
  const [event] = log.readStream(stream)
  if (event !== undefined) return assertKept(event)
  throw new HoldfastError('LOG_CORRUPT', `${stream} is on record elsewhere, and empty`, {
    details: { stream },
  })
}

function assertKept({ body, position, stream }: StoredEvent): JsonObject {
  if (body !== null) return body
  throw new HoldfastError(
    'BODY_ERASED',
    `Event ${position} of ${stream} was erased, so it can't be replayed`,
    {
      details: { position, stream },
    },
  )
}
