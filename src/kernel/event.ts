/**
 * An event is an immutable, past-tense fact. Commits are chained by hash, each over the headers of its events
 * and the hash before; a header holds the hash of (nonce ‖ body), not the body, so that a body can be erased
 * and the chain still verifies.
 */
import { HoldfastError } from './errors.ts'
import type { JsonObject } from './json.ts'
import type { Label } from './label.ts'

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

/**
 * What an event adds to the text that its commit is hashed by: numbers, then texts with their lengths before
 * them, so that no two events give the same. `nature` is what `natureText` gives for it; `bodyHash` is the hex
 * SHA-256 of (nonce ‖ body).
 * @throws INPUT_INVALID for what is no text: it would be read back as another, and the hash would not fit
 */
export function headerText(event: Omit<StoredEvent, 'body'>, nature: string, bodyHash: string): string {
  const { position, version, time, cause, stream, correlation } = event
  const tied = correlation === null ? '-' : sized(correlation)
  return `${position} ${version} ${time} ${cause ?? '-'} ${sized(stream)}${nature}${tied}${bodyHash}\n`
}

/** The part of a header that many events have in common; `label` as it is stored. */
export function natureText(
  { kind, actor }: { readonly kind: string; readonly actor: string },
  label: string,
): string {
  return sized(kind) + sized(actor) + sized(label)
}

function sized(text: string): string {
  if (typeof text !== 'string')
    throw new HoldfastError(
      'INPUT_INVALID',
      `${String(text)} can't stand in the header of an event: it is no text`,
      {
        fix: 'Give actor, kind, stream and correlation as texts.',
      },
    )
  return `${text.length}:${text}`
}

/** The text whose SHA-256 is the hash of a commit: the hash before it, and the headers of its events. */
export function commitHashInput(previousHash: string, headers: string): string {
  return `${previousHash}\n${headers}`
}

/** What the first commit of a log is chained to. */
export const GENESIS_HASH = '0'.repeat(64)
