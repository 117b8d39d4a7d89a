/**
 * Since when something from outside is in play: a grant that came later is none for it. Whoever hands on what has come
 * from outside (an event that is published, the state of an agent, the end of a run) hands this on with it, in
 * `externalSince` of the body. Records of before say nothing of it: they stand for themselves.
 */
import type { StoredEvent } from './event.ts'

type Fact = Pick<StoredEvent, 'label' | 'body'>

/** Position of the first thing from outside that is behind this event: its own at the latest; null where nothing is. */
export function outsideSince(event: Fact & Pick<StoredEvent, 'position'>): number | null {
  return event.label.trust === 'external' ? earliest(event.position, carriedSince(event)) : null
}

/** The position that came with what is from outside; null where none did. */
export function carriedSince({ label, body }: Fact): number | null {
  const since = body?.externalSince
  return label.trust === 'external' && typeof since === 'number' ? since : null
}

export function earliest(...positions: readonly (number | null)[]): number | null {
  const known = positions.filter((position) => position !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** For the body of what is handed on. */
export function sinceBody(externalSince: number | null): { readonly externalSince?: number } {
  return externalSince === null ? {} : { externalSince }
}

/** What a run has of it on record, whatever became of it. */
export interface Outside {
  /** Version of the first thing from outside; null for none. */
  version: number | null
  /** The earliest position that came with something; null where none did. */
  carried: number | null
}

/** Adds one event of the run's stream. */
export function noteOutside(outside: Outside, event: Fact & Pick<StoredEvent, 'version'>): void {
  if (event.label.trust !== 'external') return
  outside.version ??= event.version
  outside.carried = earliest(outside.carried, carriedSince(event))
}
