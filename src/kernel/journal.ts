/**
 * The journal of a run is its slice of the log, folded by the names of its operations. It is what a
 * resumed run is given instead of doing things again.
 *
 * An operation is *opened* (an intent, a timer, a wait, a question to the operator is on record),
 * *attempted* (with failures on record), and *settled* once: by a value or by an error.
 */
import type { ErrorRecord } from './errors.ts'
import {
  type Awaited,
  closeWait,
  continueWaits,
  type EventWaits,
  emptyEventWaits,
  giveBack,
  noteReceived,
  openWait,
} from './event-waits.ts'
import type { Json, JsonObject } from './json.ts'
import type { Label } from './label.ts'
import { isNote, noteKey } from './note.ts'
import { OPERATION_OF_KIND, type OperationType } from './operation-kinds.ts'
import { noteOutside, type Outside } from './outside.ts'
import { ARRIVALS, type Reopening, readReopening } from './reopening.ts'
import { type JournalEvent, type RunStart, readAdmission, readStart } from './run-start.ts'

export type { OperationType }

/** How an operation ended. */
export type Outcome =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly error: ErrorRecord }

export interface JournalEntry {
  readonly type: OperationType
  readonly name: string
  /** What was put on record before its outcome: the input of an effect, the deadline of a wait, a step's beat … */
  opened: JsonObject | null
  /** Of the first of these: what the run had seen when it was asked for. */
  openedLabel: Label | null
  /** `intended` and `unknown` are the two states in which an effect may have happened without a record of it. */
  effect: 'intended' | 'unknown' | null
  failedAttempts: number
  /** Failed questions about the outcome of the present attempt of an effect. */
  failedLookups: number
  /** Milliseconds since 1970 of the next attempt, while one is due. */
  retryAt: number | null
  /** Whether it is on record that it waits: for the breaker of its connector, the end of a stop, or a time. */
  isHeld: boolean
  /** What it waits for then: `breaker`, or the rule that holds it. */
  heldBy: string | null
  /** Given up by the code, which has not been handed its outcome and never will be. */
  abandoned: boolean
  /** From before the run was reopened: it is there for the code, which need not ask for it again. */
  isLoose: boolean
  /** Attempts that a reopening has left behind: the retry policy counts from there. */
  forgivenAttempts: number
  /** Fingerprint of the code of a step, and whether verification may run it again. */
  code: string | null
  settled: {
    readonly version: number
    readonly time: number
    readonly outcome: Outcome
    readonly label: Label
  } | null
}

/** `queued`: it has not begun. `waiting`: nothing of it is under way in any process. `stalled`: it can't go on until a person acts. */
export type RunStatus =
  | 'queued'
  | 'running'
  | 'waiting'
  | 'stalled'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'continued'

export type RunEnd =
  | { readonly status: 'completed'; readonly output: Json }
  /** `cutOff`: its code had not come to an end, as when a pipeline passes its deadline. */
  | { readonly status: 'failed'; readonly error: ErrorRecord; readonly cutOff: boolean }
  | { readonly status: 'cancelled'; readonly error: ErrorRecord }
  /** It goes on as the run `next`. */
  | { readonly status: 'continued'; readonly next: string; readonly input: Json }

/** Kinds that end a run: nothing follows them in its stream, unless it is reopened. */
export const RUN_ENDS: ReadonlySet<string> = new Set([
  'run.completed',
  'run.failed',
  'run.cancelled',
  'run.continued',
])

export interface Journal {
  readonly run: string
  start: RunStart | null
  readonly entries: Map<string, JournalEntry>
  end: RunEnd | null
  /** Why the run can not go on for now, if so. */
  stalled: ErrorRecord | null
  /** Version of the run's stream. */
  version: number
  /** What has come from outside, and since when. */
  readonly outside: Outside
  readonly eventWaits: EventWaits
  /** Keys of the notes on record. */
  readonly notes: Set<string>
  /** Whether the bodies of some of its events were erased, so that it can't be replayed. */
  erased: boolean
  /** When it was reopened last, in milliseconds since 1970; null for never. */
  reopened: number | null
}

export function emptyJournal(run: string): Journal {
  return {
    run,
    start: null,
    entries: new Map(),
    end: null,
    stalled: null,
    version: 0,
    outside: { version: null, carried: null },
    eventWaits: emptyEventWaits(),
    notes: new Set(),
    erased: false,
    reopened: null,
  }
}

export function foldJournal(run: string, events: readonly JournalEvent[]): Journal {
  const journal = emptyJournal(run)
  for (const event of events) applyToJournal(journal, event)
  return journal
}

/** Adds one event of the run's stream to its journal. */
export function applyToJournal(journal: Journal, event: JournalEvent): void {
  journal.version = event.version
  noteOutside(journal.outside, event)
  if (event.body === null) {
    journal.erased = true
    return
  }
  const { body } = event
  if (body.wakes === true || body.parks === true || event.kind === 'run.parked') journal.stalled = null
  switch (event.kind) {
    case 'run.started':
      journal.start = readStart(event, body)
      continueWaits(journal.eventWaits, ((body.waits as JsonObject)?.received as JsonObject[]) ?? [])
      return
    case 'run.admitted':
      if (journal.start !== null && journal.reopened === null)
        journal.start = readAdmission(journal.start, event)
      return
    case 'run.completed':
      journal.end = { status: 'completed', output: body.output ?? null }
      return
    case 'run.failed':
      journal.end = {
        status: 'failed',
        error: body.error as unknown as ErrorRecord,
        cutOff: body.cutOff === true,
      }
      return
    case 'run.cancelled':
      journal.end = { status: 'cancelled', error: body.error as unknown as ErrorRecord }
      return
    case 'run.continued':
      journal.end = { status: 'continued', next: String(body.next), input: body.input ?? null }
      return
    case 'run.stalled':
      journal.stalled = body.error as unknown as ErrorRecord
      return
    case 'run.parked':
    case 'run.discarded':
      return
    case 'run.reopened':
      reopen(journal, readReopening(body), event.time)
      return
    case 'outcome.copied':
      settleByCopy(journal, event, body)
      return
    case 'attempt.failed':
      noteFailedAttempt(journal, body)
      return
    case 'effect.held':
    case 'undo.held':
    case 'decision.held':
      noteHeld(entryFor(journal, event.kind.split('.')[0] as OperationType, String(body.name)), body)
      return
    default:
      if (isNote(event.kind)) journal.notes.add(noteKey({ kind: event.kind, body }))
      else applyToEntry(journal, event, body)
  }
}

/** It has no end any more; what it is to do again leaves the journal. */
function reopen(journal: Journal, { voided, unclear, kept, notes }: Reopening, time: number): void {
  journal.end = null
  journal.stalled = null
  journal.reopened = time
  for (const entry of journal.entries.values()) entry.isHeld = false
  for (const name of kept) {
    const entry = journal.entries.get(name)
    if (entry !== undefined) entry.isLoose = true
  }
  for (const name of voided) {
    const entry = journal.entries.get(name)
    if (entry !== undefined) voidEntry(journal, entry, unclear.includes(name))
  }
  for (const key of notes) journal.notes.delete(key)
}

/** An effect keeps its attempts, and a child its run; of all else nothing is left, nor what had been seen by then. */
function voidEntry(journal: Journal, entry: JournalEntry, isUnclear: boolean): void {
  if (entry.type === 'wait') abandonEntry(journal, entry)
  if (entry.type !== 'effect' && entry.type !== 'undo' && entry.type !== 'child') {
    journal.entries.delete(entry.name)
    return
  }
  entry.settled = null
  entry.retryAt = null
  if (entry.type === 'child') return
  entry.isLoose = true
  entry.failedLookups = 0
  // The attempt that may have been done is the one whose outcome is asked for.
  const last = Number(entry.opened?.attempt ?? 0)
  entry.failedAttempts = isUnclear ? Math.max(0, last - 1) : Math.max(entry.failedAttempts, last)
  entry.forgivenAttempts = entry.failedAttempts
  entry.effect = isUnclear ? 'unknown' : null
  const { retryUntil: _, ...opened } = entry.opened ?? {}
  Object.assign(entry, isUnclear ? { opened } : { opened: null, openedLabel: null })
}

function noteFailedAttempt(journal: Journal, body: JsonObject): void {
  const entry = entryFor(journal, String(body.type) as OperationType, String(body.name))
  entry.isLoose = false
  entry.retryAt = body.retryAt === null ? null : Number(body.retryAt)
  if (body.during === 'lookup') {
    entry.failedLookups += 1
    return
  }
  entry.failedAttempts = Number(body.attempt)
  if (body.stopped === true) entry.forgivenAttempts += 1
  entry.effect = null
}

function noteHeld(entry: JournalEntry, { by, until }: JsonObject): void {
  entry.isHeld = true
  entry.heldBy = typeof by === 'string' ? by : 'breaker'
  entry.isLoose = false
  entry.retryAt = typeof until === 'number' ? until : null
}

function applyToEntry(journal: Journal, event: JournalEvent, body: JsonObject): void {
  const type = OPERATION_OF_KIND[event.kind]
  if (type === undefined) return
  const entry = entryFor(journal, type, String(body.name))
  if (!ARRIVALS.has(event.kind)) entry.isLoose = false
  const outcome = outcomeOf(event.kind, body)
  if (outcome !== undefined) {
    entry.settled = { version: event.version, time: event.time, outcome, label: event.label }
    entry.effect = null
    entry.retryAt = null
    entry.isHeld = false
    if (typeof body.code === 'string') entry.code = body.code
    if (event.kind === 'wait.ended') endWait(journal, entry, body)
    return
  }
  if (event.kind === 'wait.abandoned' || event.kind === 'timer.abandoned') {
    abandonEntry(journal, entry)
    return
  }
  entry.opened = { ...entry.opened, ...body }
  entry.openedLabel ??= event.label
  if (event.kind === 'wait.started') openWait(journal.eventWaits, waitOf(entry.opened), entry.name)
  if (event.kind === 'effect.intended' || event.kind === 'undo.intended') {
    entry.effect = 'intended'
    entry.failedLookups = 0
    entry.retryAt = null
    entry.isHeld = false
  }
  if (event.kind === 'effect.unknown' || event.kind === 'undo.unknown') entry.effect = 'unknown'
}

/** The outcome that this kind of event gives its operation; undefined for the kinds that only open it. */
function outcomeOf(kind: string, body: JsonObject): Outcome | undefined {
  switch (kind) {
    case 'step.completed':
      return { ok: true, value: body.result ?? null }
    case 'effect.succeeded':
      return { ok: true, value: body.output ?? null }
    case 'wait.ended':
      return { ok: true, value: body.event ?? null }
    case 'flag.evaluated':
      return { ok: true, value: body.value ?? null }
    case 'timer.fired':
    case 'undo.succeeded':
      return { ok: true, value: null }
    case 'child.started':
      return body.mode === 'spawn' ? { ok: true, value: body.run ?? null } : undefined
    case 'decision.made':
    case 'review.answered':
    case 'publication.made':
      return { ok: true, value: body }
    case 'child.ended':
      if (body.error === undefined) return { ok: true, value: body.output ?? null }
      return { ok: false, error: body.error as unknown as ErrorRecord }
    case 'step.failed':
    case 'decision.failed':
    case 'effect.failed':
    case 'undo.failed':
      return { ok: false, error: body.error as unknown as ErrorRecord }
    default:
      return undefined
  }
}

/** What the source of a forked run had settled: nothing of it is opened or attempted here. */
function settleByCopy(journal: Journal, event: JournalEvent, body: JsonObject): void {
  const entry = entryFor(journal, body.type as OperationType, String(body.name))
  const outcome = body.outcome as unknown as Outcome
  entry.settled = { version: event.version, time: Number(body.time), outcome, label: event.label }
  entry.code = typeof body.code === 'string' ? body.code : null
  if (entry.type !== 'wait' || !outcome.ok || outcome.value === null) return
  const received = outcome.value as JsonObject
  noteReceived(journal.eventWaits, waitOf(received), Number(received.position))
}

function endWait(journal: Journal, entry: JournalEntry, body: JsonObject): void {
  const event = body.event as JsonObject | null
  if (entry.opened === null) return
  closeWait(journal.eventWaits, waitOf(entry.opened), entry.name)
  if (event !== null) noteReceived(journal.eventWaits, waitOf(entry.opened), Number(event.position))
}

/** An event that the wait had received, but that was not handed to the code, is there for another wait. */
export function abandonEntry(journal: Journal, entry: JournalEntry): void {
  if (entry.abandoned) return
  entry.abandoned = true
  if (entry.type !== 'wait' || entry.opened === null) return
  closeWait(journal.eventWaits, waitOf(entry.opened), entry.name)
  const position = receivedBy(entry)
  if (position !== null) giveBack(journal.eventWaits, waitOf(entry.opened), position)
}

/** Position of the beginning of the run: its waits look for events behind it. */
export function waitsSince({ start }: Journal): number {
  return start?.fork?.since ?? start?.waitsSince ?? start?.position ?? 0
}

/** Whether it takes no outcome any more. */
export function isOver(entry: JournalEntry | undefined): boolean {
  return entry !== undefined && (entry.settled !== null || entry.abandoned)
}

/** Position of the event that a wait has received. */
export function receivedBy({ settled }: JournalEntry): number | null {
  const event = settled?.outcome.ok ? (settled.outcome.value as JsonObject | null) : null
  return event === null ? null : Number(event.position)
}

function waitOf({ kind, key }: JsonObject): Awaited {
  return { kind: String(kind), key: String(key) }
}

function entryFor(journal: Journal, type: OperationType, name: string): JournalEntry {
  const known = journal.entries.get(name)
  if (known !== undefined) return known
  const entry: JournalEntry = {
    type,
    name,
    opened: null,
    openedLabel: null,
    effect: null,
    failedAttempts: 0,
    failedLookups: 0,
    retryAt: null,
    isHeld: false,
    heldBy: null,
    abandoned: false,
    isLoose: false,
    forgivenAttempts: 0,
    code: null,
    settled: null,
  }
  journal.entries.set(name, entry)
  return entry
}

/** Effects that may have happened without a record of it, as it is noted when the run ends. */
export function intendedEffects(journal: Journal): JsonObject[] {
  const open: JsonObject[] = []
  for (const { type, effect, name, opened } of journal.entries.values()) {
    if (type === 'effect' && effect === 'intended') open.push({ name, operation: opened?.operation ?? null })
  }
  return open
}
