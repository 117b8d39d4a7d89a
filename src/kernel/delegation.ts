/**
 * A delegation: the operator's word, given ahead, for proposals that are like one that was seen. It is for one workflow
 * and one action, and as narrow as the operator says; it can be revoked, and each use of it is on record.
 */
import { ATTENTION_CHECK } from './attention.ts'
import type { Json, JsonObject } from './json.ts'
import type { Risk } from './review.ts'
import { type ArgumentConstraint, bearsOn, type Scope } from './scope.ts'

/** Its arguments are fields of the proposal. */
export interface DelegationScope extends Scope {
  /** Name of the workflow. */
  readonly agent: string
  readonly action: string
  /** What its operation did when it was given; another effect class of it is not covered. */
  readonly effect: Risk['effect'] | null
  /** How often it may be used; null for no limit. */
  readonly most: number | null
}

/** What a delegation is asked about. */
export interface Asked {
  readonly workflow: string
  readonly action: string
  readonly customer: string | null
  readonly segment: string | null
  readonly proposal: JsonObject
  readonly warnings: readonly unknown[]
  readonly risk: Risk | null
}

/**
 * Whether the delegation speaks for this proposal, used so many times before. What looks wrong is always for the
 * operator, and so is a known-bad item: it is there to be looked at.
 */
export function covers(scope: DelegationScope, asked: Asked, used: number, now: number): boolean {
  const { workflow: agent, customer, segment, risk, proposal } = asked
  const segments = segment === null ? [] : [segment]
  const operation = risk?.operation ?? null
  return (
    bearsOn(scope, { operation, agent, customer, segments, arguments: proposal, now }) &&
    agent !== ATTENTION_CHECK &&
    scope.action === asked.action &&
    scope.effect === (risk?.effect ?? null) &&
    asked.warnings.length === 0 &&
    (scope.most === null || used < scope.most)
  )
}

/** Why no rule may answer this in the operator's place; null when one may. */
export function whyNotDelegable({ warnings, risk }: Asked): string | null {
  if (warnings.length > 0) return 'there is a warning'
  if (risk?.effect === 'irreversible') return `${risk.operation} can't be taken back`
  return null
}

/** Fields that must have just these values. */
export function exactly(fields: JsonObject): Readonly<Record<string, ArgumentConstraint>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { oneOf: [value as Json] }]))
}

/** As it stands in `delegation.given`; earlier ones say `workflow`, `same` and `until`. */
export function delegationScopeIn(body: JsonObject): DelegationScope {
  const { workflow, same = {}, until = null } = body
  const { agent = workflow ?? '', arguments: given = exactly(same as JsonObject), expiresAt = until } = body
  return {
    operation: body.operation ?? null,
    agent,
    action: body.action ?? '',
    effect: body.effect ?? null,
    customer: body.customer ?? null,
    segment: body.segment ?? null,
    arguments: given,
    expiresAt,
    most: body.most ?? null,
  } as DelegationScope
}
