/**
 * Which published events the waits of a run have received, and which waits are open.
 *
 * An event is received by at most one wait of a run: the oldest one open for its kind and key. A wait looks
 * back to the beginning of the run; what an earlier wait has received is passed over, unless that wait was
 * abandoned before its code was handed the event.
 */

import type { JsonObject } from './json.ts'

/** What a wait waits for. */
export interface Awaited {
  readonly kind: string
  readonly key: string
}

interface Line extends Awaited {
  /** Names of open waits, the oldest first. */
  readonly open: Set<string>
  /** Position up to which all events were received, but for those that were given back; 0 for none. */
  upTo: number
  /** Positions, in order. */
  readonly returned: number[]
}

export type EventWaits = Map<string, Line>

export function emptyEventWaits(): EventWaits {
  return new Map()
}

/** Where a wait finds the next event: at `position`, or else as the first behind `after`. */
export interface Next {
  readonly position: number | null
  readonly after: number
}

/** @param since position of the beginning of the run, where its waits begin to look */
export function nextFor(waits: EventWaits, awaited: Awaited, since: number): Next {
  const line = waits.get(keyOf(awaited))
  return { position: line?.returned[0] ?? null, after: Math.max(since, line?.upTo ?? 0) }
}

/** Names of the open waits, the oldest first. */
export function openWaits(waits: EventWaits, awaited: Awaited): readonly string[] {
  return [...(waits.get(keyOf(awaited))?.open ?? [])]
}

/** As the next run of a chain begins: with all that was received, but for what is given back. */
export function waitsForNext(
  waits: EventWaits,
  returned: readonly (Awaited & { readonly position: number })[],
): JsonObject[] {
  for (const { position, ...awaited } of returned) giveBack(waits, awaited, position)
  return [...waits.values()]
    .filter(({ upTo }) => upTo > 0)
    .map(({ kind, key, upTo, returned: back }) => ({ kind, key, upTo, returned: [...back] }))
}

/** Begins with what `waitsForNext` gave. */
export function continueWaits(waits: EventWaits, received: readonly JsonObject[]): void {
  for (const { kind, key, upTo, returned } of received) {
    const line = lineFor(waits, { kind: String(kind), key: String(key) })
    line.upTo = Number(upTo)
    line.returned.push(...(returned as number[]))
  }
}

export function openWait(waits: EventWaits, awaited: Awaited, name: string): void {
  lineFor(waits, awaited).open.add(name)
}

export function closeWait(waits: EventWaits, awaited: Awaited, name: string): void {
  lineFor(waits, awaited).open.delete(name)
}

export function noteReceived(waits: EventWaits, awaited: Awaited, position: number): void {
  const line = lineFor(waits, awaited)
  line.upTo = Math.max(line.upTo, position)
  const place = line.returned.indexOf(position)
  if (place >= 0) line.returned.splice(place, 1)
}

export function giveBack(waits: EventWaits, awaited: Awaited, position: number): void {
  const { returned } = lineFor(waits, awaited)
  returned.push(position)
  returned.sort((a, b) => a - b)
}

function lineFor(waits: EventWaits, awaited: Awaited): Line {
  const key = keyOf(awaited)
  const line = waits.get(key) ?? { ...awaited, open: new Set(), upTo: 0, returned: [] }
  waits.set(key, line)
  return line
}

function keyOf({ kind, key }: Awaited): string {
  return `${kind}\u0000${key}`
}
