/**
 * The state of an agent's instance, as its stream carries it: whole now and then, in between only what has
 * changed. It is read from the last whole state on, however long the stream is.
 */
import type { StoredEvent } from './event.ts'
import type { Json, JsonObject } from './json.ts'
import { diffJson, type Patch, patchJson } from './json-patch.ts'
import { joinLabels, type Label } from './label.ts'
import { earliest, outsideSince } from './outside.ts'

/** What has gathered since the last whole state. */
export interface SinceWhole {
  readonly events: number
  readonly bytes: number
}

export interface CarriedState {
  readonly state: Json
  /** Version of the agent that left it. */
  readonly agentVersion: number
  readonly label: Label
  readonly since: SinceWhole
  /** Position of the first thing from outside in it; null for none. */
  readonly externalSince: number | null
}

export interface SnapshotRule {
  readonly everyEvents: number
  readonly everyBytes: number
}

export const SNAPSHOT_RULE: SnapshotRule = { everyEvents: 100, everyBytes: 65_536 }
/** A state as small as this (in UTF-16 units of JSON) is written down whole: a patch would save nothing. */
const SMALL = 512
/** A state that has seen more sources than this is itself the source; what lies behind it is in the log. */
const MOST_SOURCES = 16

export type Carrier = { readonly state: Json } | { readonly patch: Json }

/**
 * How the state after `count` more events goes on record, and what has gathered then.
 * @param before null when there is nothing on record to differ from
 */
export function carry(
  before: { readonly state: Json; readonly since: SinceWhole } | null,
  after: Json,
  count: number,
  rule: SnapshotRule,
): { readonly carrier: Carrier; readonly since: SinceWhole } {
  const whole = { carrier: { state: after }, since: { events: 0, bytes: 0 } }
  if (before === null || before.since.events + count >= rule.everyEvents) return whole
  const size = JSON.stringify(after).length
  if (size <= SMALL) return whole
  const patch = diffJson(before.state, after) as Json
  const patchSize = JSON.stringify(patch).length
  const bytes = before.since.bytes + patchSize
  if (patchSize * 2 >= size || bytes >= rule.everyBytes) return whole
  return { carrier: { patch }, since: { events: before.since.events + count, bytes } }
}

/**
 * The state that these events of an instance's stream leave, the first of them with a whole one; null when
 * they hold none.
 * @returns 'erased' when a part of it was erased and no whole state has come since
 */
export function foldState(events: readonly StoredEvent[]): CarriedState | null | 'erased' {
  let carried: CarriedState | null | 'erased' = null
  for (const event of events) {
    if (event.kind === 'agent.handled') carried = afterHandled(carried, event, event.body)
  }
  return carried
}

function afterHandled(
  carried: CarriedState | null | 'erased',
  event: StoredEvent,
  body: JsonObject | null,
): CarriedState | null | 'erased' {
  if (body === null) return 'erased'
  const { label } = event
  const before = carried === null || carried === 'erased' ? null : carried.externalSince
  const externalSince = earliest(before, outsideSince(event))
  const agentVersion = Number(body.version)
  if (body.state !== undefined)
    return { state: body.state, agentVersion, label, since: { events: 0, bytes: 0 }, externalSince }
  if (carried === null || carried === 'erased') return 'erased'
  const since = {
    events: carried.since.events + Number(body.count),
    bytes: carried.since.bytes + JSON.stringify(body.patch).length,
  }
  const state = patchJson(carried.state, body.patch as unknown as Patch)
  return { state, agentVersion, label, since, externalSince }
}

/** The label of a state after one more event. @param source what stands for very many sources */
export function labelAfter(state: Label, event: Label, source: string): Label {
  const label = joinLabels(state, event)
  return label.sources.length > MOST_SOURCES ? { ...label, sources: [source] } : label
}
