/**
 * An event is an immutable, past-tense fact. Its header is chained by hash to the header before it; the
 * header holds the hash of (nonce ‖ body), not the body, so that a body can be erased and the chain
 * still verifies.
 */
import type { JsonObject } from './json.ts'
import { encodeLabel, type Label } from './label.ts'

export interface NewEvent {
  /** Past tense, `noun.verbed`: `step.completed`. */
  readonly kind: string
  readonly body: JsonObject
  /** Who did it: `operator`, `workflow:lead-qualification`, `intake`. */
  readonly actor: string
  readonly label: Label
  /** Milliseconds since 1970 at which it happened; default: the log's clock when it is written. */
  readonly time?: number
  /** Position of the event that led to this one. */
  readonly cause?: number | null
  /** What ties the events of one undertaking together, usually a run's id. */
  readonly correlation?: string | null
}

export interface StoredEvent {
  /** 1, 2, 3 … without a gap over the whole log. */
  readonly position: number
  readonly stream: string
  /** 1, 2, 3 … within the stream. */
  readonly version: number
  readonly kind: string
  /** Milliseconds since 1970, by the clock of the writer. */
  readonly time: number
  readonly actor: string
  readonly cause: number | null
  readonly correlation: string | null
  readonly label: Label
  /** null once erased. */
  readonly body: JsonObject | null
}

/** A fresh body together with its secret nonce, as it goes into the hash. */
export function bodyHashInput(nonceHex: string, bodyText: string): string {
  return `${nonceHex}\n${bodyText}`
}

/** The text whose SHA-256 is the hash of an event: a fixed-order JSON array, `previous` first. */
export function headerHashInput(
  previousHashHex: string,
  event: Omit<StoredEvent, 'body'>,
  bodyHashHex: string,
): string {
  return JSON.stringify([
    previousHashHex,
    event.position,
    event.stream,
    event.version,
    event.kind,
    event.time,
    event.actor,
    event.cause,
    event.correlation,
    encodeLabel(event.label),
    bodyHashHex,
  ])
}

/** What the first event of a log is chained to. */
export const GENESIS_HASH = '0'.repeat(64)
