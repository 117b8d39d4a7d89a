/**
 * A delegation: the operator's word, given ahead, for proposals that are like one that was seen. It is for one workflow and
 * one action, and as narrow as the operator says; it can be revoked, and each use of it is on record.
 */
import { canonicalJson, type JsonObject } from './json.ts'
import type { Risk } from './review.ts'

export interface DelegationScope {
  readonly workflow: string
  readonly action: string
  /** What it was given to lead to; another operation, or another effect class of it, is not covered. */
  readonly operation: string | null
  readonly effect: Risk['effect'] | null
  /** null for every customer. */
  readonly customer: string | null
  /** null for every segment. */
  readonly segment: string | null
  /** Fields of the proposal that must have just these values. */
  readonly same: JsonObject
  /** Milliseconds since 1970; null for good. */
  readonly until: number | null
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

/** Whether the delegation speaks for this proposal, used so many times before. What looks wrong is always for the operator. */
export function covers(scope: DelegationScope, asked: Asked, used: number, now: number): boolean {
  return (
    scope.workflow === asked.workflow &&
    scope.action === asked.action &&
    scope.operation === (asked.risk?.operation ?? null) &&
    scope.effect === (asked.risk?.effect ?? null) &&
    (scope.customer === null || scope.customer === asked.customer) &&
    (scope.segment === null || scope.segment === asked.segment) &&
    Object.entries(scope.same).every(
      ([field, value]) => canonicalJson(asked.proposal[field] ?? null) === canonicalJson(value),
    ) &&
    asked.warnings.length === 0 &&
    (scope.until === null || now < scope.until) &&
    (scope.most === null || used < scope.most)
  )
}

/** Why no rule may answer this in the operator's place; null when one may. */
export function whyNotDelegable({ warnings, risk }: Asked): string | null {
  if (warnings.length > 0) return 'there is a warning'
  if (risk?.effect === 'irreversible') return `${risk.operation} can't be taken back`
  return null
}
