/**
 * A failed run that is reopened goes on in its own stream: the last `run.reopened` takes the end before it back.
 * It names what of the journal is *voided*, to be done again, and what is *kept*: done after the point from
 * which the run goes on, handed over if the code asks for it again, and not missed if it doesn't.
 */
import type { JsonObject } from './json.ts'
import { isNote, noteKey } from './note.ts'

export interface Reopening {
  /** Name of the operation from which it goes on; null where none failed, or it came back with its parent. */
  readonly from: string | null
  readonly voided: readonly string[]
  /** Effects among the voided ones that may have been done: looked up before they are attempted again. */
  readonly unclear: readonly string[]
  readonly kept: readonly string[]
  /** Keys of the notes that are taken back. */
  readonly notes: readonly string[]
}

export function readReopening(body: JsonObject): Reopening {
  const { from, voided, unclear, kept, notes } = body
  return { from: typeof from === 'string' ? from : null, ...texts({ voided, unclear, kept, notes }) }
}

function texts<Field extends string>(
  fields: Record<Field, JsonObject[string] | undefined>,
): Record<Field, string[]> {
  const all = Object.entries(fields).map(([field, value]) => [field, Array.isArray(value) ? value : []])
  return Object.fromEntries(all) as Record<Field, string[]>
}

/** Kinds that come to a run without its code having asked for anything anew. */
export const ARRIVALS: ReadonlySet<string> = new Set([
  'timer.fired',
  'wait.ended',
  'child.ended',
  'review.answered',
])

/** What a child, or an effect that may have been done, loses; of all else that is voided nothing is left. */
const OUTCOMES: ReadonlySet<string> = new Set([
  'effect.succeeded',
  'effect.failed',
  'undo.succeeded',
  'undo.failed',
  'child.ended',
])

interface Fact {
  readonly kind: string
  readonly body: JsonObject | null
}

/** The events of a run's stream that still count: without what reopenings have voided. */
export function inForce<Event extends Fact>(events: readonly Event[]): readonly Event[] {
  const last = events.findLastIndex(({ kind }) => kind === 'run.reopened')
  if (last === -1) return events
  let left: Event[] = []
  for (const event of events) {
    if (event.kind === 'run.reopened' && event.body !== null) left = without(left, readReopening(event.body))
    left.push(event)
  }
  return left
}

function without<Event extends Fact>(
  events: readonly Event[],
  { voided, unclear, notes }: Reopening,
): Event[] {
  const names = new Set(voided)
  const keys = new Set(notes)
  const children = events.filter(({ kind }) => kind === 'child.started').map(nameOf)
  const lasting = new Set([...unclear, ...children])
  return events.filter((event) => {
    const { kind, body } = event
    if (body !== null && isNote(kind)) return !keys.has(noteKey({ kind, body }))
    const name = nameOf(event)
    return name === null || !names.has(name) || (lasting.has(name) && !OUTCOMES.has(kind))
  })
}

function nameOf({ body }: Fact): string | null {
  return typeof body?.name === 'string' ? body.name : null
}
