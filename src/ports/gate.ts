/**
 * The policy gate: the one way to the outside. The runtime knows no connector and no model, only this
 * port. It asks for a decision, puts that on record, and hands the permit it got back to have the thing
 * done; nothing but the gate can make a permit, and a permit is good for exactly one request.
 */
import type { BreakerSettings } from '../kernel/breaker.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Label } from '../kernel/label.ts'
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
}

export interface EffectRequest {
  readonly run: string
  /** Of the effect in its run: an attempt after another is no other effect. Default ''. */
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
  readonly workflow: string
  readonly label: Label
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
  /** The policy in force. */
  policy(): PolicySettings
  /** By the given policy; by the one in force without. */
  judge(policy?: PolicySettings): Judge
}

/** The body of `policy.decided`. */
export function verdictBody(name: string, request: JsonObject, verdict: Verdict): JsonObject {
  const { answer, rule, reason, grant, until, took, sent, segments, counted } = verdict
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
  }
}
