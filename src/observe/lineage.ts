/**
 * Where a value, or an event, comes from: the places on record that hold it, the first of them first, and for an
 * event its sources, what its run had seen before, and the words of the owner's that it rests on.
 */

import { HoldfastError } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import { RUN_STREAM } from '../kernel/run-stream.ts'
import type { EventLog } from '../ports/event-log.ts'

/** An event in a line. */
export interface Trace {
  readonly position: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly stream: string
  readonly kind: string
  readonly actor: string
  /** Name of the operation of the run, or what it is about. */
  readonly what: string
  readonly label: Label
}

export interface EventLineage {
  readonly event: Trace
  /** What its label names, as far as it is on record: the mail, the effect that read it, the review. */
  readonly sources: readonly { readonly source: string; readonly events: readonly Trace[] }[]
  /** How its run began; null for an event of no run. */
  readonly began: Trace | null
  /** What its run had seen before it, the last first. */
  readonly seen: readonly Trace[]
  /** The event that led to it, where that is on record. */
  readonly cause: Trace | null
  /** The review by which the owner approved what it holds; null for none. */
  readonly endorsedBy: string | null
}

export interface Lineage {
  /** What was asked for. */
  readonly of: string
  /** Places that hold the value, in the order of the log; for an event, that one. */
  readonly places: readonly (Trace & { /** Where in the body: `value.to`. */ readonly path: string })[]
  /** Whether there are more places than are told. */
  readonly more: boolean
  /** Of the first place. */
  readonly first: EventLineage | null
}

/** Outcomes that a run is given: what it has seen. */
const OUTCOMES: ReadonlySet<string> = new Set([
  'step.completed',
  'effect.succeeded',
  'decision.made',
  'review.answered',
  'wait.ended',
  'child.ended',
  'outcome.copied',
])
const SEEN = 20
const SOURCES = 20

/** @param what a position, or a text that is looked for. @throws EVENT_NOT_FOUND */
export function lineageOf(log: EventLog, what: string, limit: number): Lineage {
  if (/^\d+$/.test(what)) {
    const event = log.event(Number(what))
    if (event === undefined) {
      throw new HoldfastError('EVENT_NOT_FOUND', `There is no event at position ${what}`, {
        details: { position: Number(what), head: log.head().position },
      })
    }
    return {
      of: what,
      places: [{ ...traceOf(event), path: '' }],
      more: false,
      first: eventLineage(log, event),
    }
  }
  const places: (Trace & { path: string })[] = []
  let first: StoredEvent | null = null
  let more = false
  for (const event of log.read()) {
    const path = event.body === null ? null : pathOf(event.body, what)
    if (path === null) continue
    first ??= event
    if (places.length >= limit) {
      more = true
      break
    }
    places.push({ ...traceOf(event), path })
  }
  return { of: what, places, more, first: first && eventLineage(log, first) }
}

function eventLineage(log: EventLog, event: StoredEvent): EventLineage {
  const isOfRun = event.stream.startsWith(RUN_STREAM)
  const before = isOfRun ? log.readStream(event.stream).filter(({ version }) => version < event.version) : []
  const [began] = before
  const cause = event.cause === null ? undefined : log.event(event.cause)
  const endorsedBy = (event.body?.endorsedBy ??
    (event.body?.request as JsonObject | undefined)?.endorsedBy) as string | undefined
  return {
    event: traceOf(event),
    sources: event.label.sources
      .slice(0, SOURCES)
      .map((source) => ({ source, events: sourceEvents(log, source, before) })),
    began: began === undefined ? null : traceOf(began),
    seen: before
      .filter(({ kind }) => OUTCOMES.has(kind))
      .slice(-SEEN)
      .reverse()
      .map(traceOf),
    cause: cause === undefined ? null : traceOf(cause),
    endorsedBy: endorsedBy ?? null,
  }
}

/** `mail:ID` is a stream of its own, `review:ID` an answer of the run, anything else an operation that read. */
function sourceEvents(log: EventLog, source: string, before: readonly StoredEvent[]): Trace[] {
  const [sort = '', id = ''] = [source.slice(0, source.indexOf(':')), source.slice(source.indexOf(':') + 1)]
  if (sort === 'review') return before.filter(({ body }) => body?.review === id).map(traceOf)
  if (sort !== '') return log.readStream(`${sort}/${id}`).slice(0, 1).map(traceOf)
  return before
    .filter(({ kind, body }) => kind === 'effect.succeeded' && body?.operation === source)
    .map(traceOf)
}

function traceOf({ position, time, stream, kind, actor, label, body }: StoredEvent): Trace {
  return { position, time, stream, kind, actor, what: subjectOf(body), label }
}

function subjectOf(body: JsonObject | null): string {
  if (body === null) return '(erased)'
  for (const field of ['name', 'workflow', 'subject', 'operation', 'id']) {
    if (typeof body[field] === 'string') return body[field]
  }
  return ''
}

/** Of the first single value that is the text, or holds it; null when none does. */
function pathOf(value: Json, text: string, path = ''): string | null {
  if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(value as JsonObject)) {
      const found = pathOf(field, text, path === '' ? name : `${path}.${name}`)
      if (found !== null) return found
    }
    return null
  }
  return value !== null && String(value).includes(text) ? path : null
}
