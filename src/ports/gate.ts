/**
 * The policy gate: the one way to the outside. The runtime knows no connector and no model, only this
 * port. It asks for a decision, puts that on record, and hands the permit it got back to have the thing
 * done; nothing but the gate can make a permit, and a permit is good for exactly one request.
 */
import type { BreakerSettings } from '../kernel/breaker.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
import { type Closed, type Hold, reservedBody } from '../kernel/reservation.ts'
import type { DeclaredManifest, Lookup, PerformContext } from './connector.ts'
import type { ModelAnswer, ModelQuestion } from './model.ts'
import type { PolicySettings } from './policy-settings.ts'

/** What the policy says, with the rule that said it. */
export interface Verdict {
  readonly answer: 'allow' | 'deny' | 'review'
  /** Stable name of the rule: `access.allow`, `egress.host`. */
  readonly rule: string
  readonly reason: string
  /** Id of the grant that allowed it, if one did. */
  readonly grant?: string
  /**
   * Of what is not allowed now, and put to nobody: it is held, and asked about again at this time (milliseconds since
   * 1970), or, with null, when work that was stopped goes on.
   */
  readonly until?: number | null
  /** By the token buckets that it took from: milliseconds since 1970 at which they are full again. */
  readonly took?: Readonly<Record<string, number>>
  /** Segments that the customer was in. */
  readonly segments?: readonly string[]
  /** What of an effect that is allowed is counted, to notice anomalies. */
  readonly counted?: JsonObject
  /** What it is counted for, where effects about a customer are limited: the day there, since 1970. */
  readonly sent?: { readonly customer: string; readonly day: number }
  /** What it takes from budgets: to be put on record as reserved, in one commit with this. */
  readonly holds?: readonly Hold[]
}

export interface EffectRequest {
  readonly run: string
  /** Of the effect in its run: an attempt after another is no other effect. Without one, nothing is reserved for it. */
  readonly name?: string
  /** 1, as when not given, for the first. */
  readonly attempt?: number
  readonly workflow: string
  readonly customer: string | null
  /** `connector.operation`. */
  readonly operation: string
  readonly input: Json
  /** The join of all that the run has seen. */
  readonly label: Label
  /** Of arguments, by name, that are better known than the whole; each other has the label of the whole. */
  readonly arguments?: Readonly<Record<string, Label>>
  /** Position of the first thing from outside that the run has read; null, as when not given, for none. */
  readonly externalSince?: number | null
  /** Whether it is only to be found out what became of it: no rate limits that. */
  readonly isLookup?: boolean
  /** Whether what was done is to be undone; the input is then `{ of, input, output }`. */
  readonly isUndo?: boolean
  /** Id of the review by which the operator approved exactly this, if one did. */
  readonly approvedBy: string | null
  /** Id of the review by which the operator approved a proposal that holds its critical arguments, if one did. */
  readonly endorsedBy?: string | null
}

export interface ModelRequest {
  readonly run: string
  /** Name of the decision in the run; without one, nothing is reserved for it. */
  readonly name?: string
  readonly workflow: string
  readonly customer?: string | null
  readonly label: Label
  /** Id of the review by which the operator approved exactly this call, if one did. */
  readonly approvedBy?: string | null
}

/** A review that is about to be put to the operator, whose time it takes. */
export interface ReviewRequest {
  readonly run: string
  /** Name of the review in the run. */
  readonly name: string
  readonly workflow: string
  readonly customer: string | null
  /** It can't be put off until then, or longer: milliseconds since 1970; null for no limit. */
  readonly latest: number | null
}

export interface ReviewTime {
  readonly holds: readonly Hold[]
  /** When there is time for it, in milliseconds since 1970; null for now. */
  readonly putOffUntil: number | null
  /** Which budget is used up until then; '' for none. */
  readonly reason: string
}

/** A reservation on record. */
export interface Standing {
  readonly run: string
  /** Name of the operation in the run. */
  readonly for: string
  readonly operation: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly holds: readonly Hold[]
}

/** Opaque proof of a decision. */
export interface Permit {
  readonly operation: string
}

export interface EffectDecision {
  readonly verdict: Verdict
  /** Only with `allow`. */
  readonly permit: Permit | null
}

export interface ModelDecision extends EffectDecision {
  readonly provider: string
  readonly model: string
  /** Number of the UTC day by whose budget it was decided, since 1970. */
  readonly day: number
}

/**
 * The policy as a question only: nothing is granted, reserved or recorded. Limits that go by the day are taken as
 * not used up: what was spent on that day is not asked.
 */
export interface Judge {
  /** @throws OPERATION_UNKNOWN */
  effect(request: EffectRequest): Verdict
  /** Of `model.provider`, for a run that has spent so much on models, in millionths of a US dollar. */
  model(operation: string, request: ModelRequest, runMicros: number): Verdict
}

export interface Gate {
  /** The manifest of an operation. @throws OPERATION_UNKNOWN listing those that exist. */
  manifestOf(operation: string): DeclaredManifest
  /** Whether an input fits the schema of an operation; nothing is done. @throws INPUT_INVALID, OPERATION_UNKNOWN */
  checkInput(operation: string, input: Json): Promise<void>
  /** How the circuit breaker of a connector is set. */
  breakerOf(connector: string): BreakerSettings
  decideEffect(request: EffectRequest): EffectDecision
  /**
   * Checks the input, then does it.
   * @throws PERMIT_INVALID, CONNECTOR_*, INPUT_INVALID, OUTPUT_INVALID; WORK_STOPPED when work was stopped since the
   * permit was given, and nothing was done
   */
  perform(permit: Permit, input: Json, context: PerformContext): Promise<Json>
  /**
   * Takes an effect back; `input` is what the decision was asked for. Gives null.
   * @throws PERMIT_INVALID, CONNECTOR_*, INPUT_INVALID, WORK_STOPPED; CONNECTOR_REFUSED when there is no undo
   */
  undo(permit: Permit, input: Json, context: PerformContext): Promise<Json>
  /** Asks whether it was done; null where the operation has no lookup. @throws WORK_STOPPED */
  lookup(permit: Permit, input: Json, context: PerformContext): Promise<Lookup<Json> | null>
  /** null when no model is configured. */
  decideModel(request: ModelRequest): ModelDecision | null
  /** @throws PERMIT_INVALID, MODEL_UNAVAILABLE, WORK_STOPPED */
  ask(permit: Permit, question: ModelQuestion, options: { signal: AbortSignal }): Promise<ModelAnswer>
  /** Why nothing may reach outside now: work was stopped. null while it goes on. */
  stopped(): string | null
  /** What of the operator's time a review takes, and when; null where no budget limits it. */
  decideReview(request: ReviewRequest): ReviewTime | null
  /** What closes a reservation is on its way to the log: what it takes beyond what stood counts from now on. */
  closing(run: string, name: string, amounts: readonly Closed[]): void
  /**
   * What was allowed to the run, or to one operation of it, and is not on record will not be done: its reservations
   * are given back.
   */
  forgo(run: string, name?: string): void
  /** Calls `tell` whenever something is reserved. */
  onReserved(tell: () => void): void
  /** How old a reservation gets before it is given back, in milliseconds. */
  reservationAgeMs(): number
  /** Reservations on record since so long, the oldest first. @param before milliseconds since 1970 */
  reservations(before?: number): readonly Standing[]
  /** The policy in force. */
  policy(): PolicySettings
  /** By the given policy; by the one in force without. */
  judge(policy?: PolicySettings): Judge
}

/** The body of `policy.decided`. */
export function verdictBody(name: string, request: JsonObject, verdict: Verdict): JsonObject {
  const { answer, rule, reason, grant, until, took, sent, segments, counted, holds = [] } = verdict
  return {
    name,
    request,
    answer,
    rule,
    reason,
    ...(grant === undefined ? {} : { grant }),
    ...(until === undefined ? {} : { until }),
    ...(took === undefined ? {} : { took }),
    ...(sent === undefined ? {} : { sent }),
    ...(segments === undefined ? {} : { segments }),
    ...(counted === undefined ? {} : { counted }),
    ...(holds.length === 0 ? {} : { budgets: holds.map(({ budget }) => budget) }),
  }
}

/** The body of `budget.reserved`, which stands beside that of the verdict; null where nothing is reserved. */
export function holdsBody(name: string, operation: string, { holds = [] }: Verdict): JsonObject | null {
  return holds.length === 0 ? null : reservedBody(name, operation, holds)
}
