/** What happened to an operation on its way: failures, the policy's word, model calls, unknown outcomes. */
import type { ErrorRecord } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

/** An event whose body is there. */
export type Fact = StoredEvent & { readonly body: JsonObject }

export interface StoryFailure {
  readonly attempt: number
  readonly time: number
  readonly error: ErrorRecord
  /** When it was, or is, tried again. */
  readonly retryAt: number | null
  /** A failure to find out what became of an attempt, not of the attempt. */
  readonly duringLookup: boolean
  readonly position: number
}

export interface StoryVerdict {
  readonly answer: 'allow' | 'deny' | 'review'
  readonly rule: string
  readonly reason: string
  /** `connector.operation`, or `model.provider`. */
  readonly operation: string
  readonly position: number
}

export interface StoryModelCall {
  readonly provider: string
  readonly model: string
  /** null when not known: the call failed before it was counted, or has no price. */
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly priceMicros: number | null
  readonly latencyMs: number | null
  readonly error: ErrorRecord | null
  readonly position: number
}

/** What an attempt of a step has told of how far it is. */
export interface StoryBeat {
  readonly attempt: number
  readonly time: number
  readonly details: Json
  readonly position: number
}

/** A time when it was not known whether an effect had been carried out. */
export interface StoryRecovery {
  readonly time: number
  readonly why: string
  /** lookup: the outside system said that it was done. operator: the operator said so. again: it was tried again. */
  readonly settled: 'lookup' | 'operator' | 'again' | 'given up' | null
  readonly position: number
  readonly settledPosition: number | null
}

export function toFailure({ body, time, position }: Fact): StoryFailure {
  return {
    attempt: Number(body.attempt),
    time,
    error: body.error as unknown as ErrorRecord,
    retryAt: typeof body.retryAt === 'number' ? body.retryAt : null,
    duringLookup: body.during === 'lookup',
    position,
  }
}

/** The last one. */
export function beatOf(facts: readonly Fact[]): StoryBeat | null {
  const beat = facts.findLast(({ kind }) => kind === 'step.beat')
  if (beat === undefined) return null
  const { body, time, position } = beat
  return { attempt: Number(body.attempt), time, details: body.details ?? null, position }
}

export function toVerdict({ body, position }: Fact): StoryVerdict {
  const { operation } = body.request as JsonObject
  return {
    answer: body.answer as StoryVerdict['answer'],
    rule: String(body.rule),
    reason: String(body.reason),
    operation: String(operation),
    position,
  }
}

export function toModelCall({ body, position }: Fact): StoryModelCall {
  const number = (field: string) => (typeof body[field] === 'number' ? body[field] : null)
  return {
    provider: String(body.provider),
    model: String(body.model),
    inputTokens: number('inputTokens'),
    outputTokens: number('outputTokens'),
    priceMicros: number('priceMicros'),
    latencyMs: number('latencyMs'),
    error: (body.error as unknown as ErrorRecord | null) ?? null,
    position,
  }
}

export function recoveriesOf(facts: readonly Fact[]): StoryRecovery[] {
  return facts
    .filter(({ kind }) => kind === 'effect.unknown' || kind === 'undo.unknown')
    .map((unknown) => {
      const next = facts.find((fact) => fact.position > unknown.position && settlesRecovery(fact))
      return {
        time: unknown.time,
        why: String(unknown.body.why),
        settled: next === undefined ? null : howSettled(next),
        position: unknown.position,
        settledPosition: next?.position ?? null,
      }
    })
}

function settlesRecovery({ kind, body }: Fact): boolean {
  if (kind === 'attempt.failed') return body.during !== 'lookup'
  return /^(effect|undo)\.(succeeded|failed)$/.test(kind)
}

function howSettled({ kind, body }: Fact): StoryRecovery['settled'] {
  if (kind === 'attempt.failed') return 'again'
  if (kind === 'effect.failed' || kind === 'undo.failed') return 'given up'
  return body.via === 'operator' ? 'operator' : 'lookup'
}
