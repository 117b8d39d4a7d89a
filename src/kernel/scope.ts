/**
 * What the owner's word, given ahead, is for: as narrow as the owner says. One for grants, by which the policy lets an
 * effect pass, and for delegations, by which a review is answered.
 */
import { isNameOf } from './agent.ts'
import { canonicalJson, type Json } from './json.ts'

/** What an argument must be: one of these values, or, of a number, within these bounds. */
export type ArgumentConstraint =
  | { readonly oneOf: readonly Json[] }
  | { readonly min?: number; readonly max?: number }

export interface Scope {
  /** The full name of one operation, such as `smtp.send`; null for what leads to none. */
  readonly operation: string | null
  /** Name of a workflow or an agent; null for any. */
  readonly agent: string | null
  /** null for every customer. */
  readonly customer: string | null
  /** null for every segment. */
  readonly segment: string | null
  /** By the name of the argument, or of the field of a proposal; one that is not named may be anything. */
  readonly arguments: Readonly<Record<string, ArgumentConstraint>>
  /** Milliseconds since 1970; null until it is taken back. */
  readonly expiresAt: number | null
}

/** What is asked about. */
export interface InScope {
  readonly operation: string | null
  readonly agent: string | null
  readonly customer: string | null
  /** Those that it belongs to. */
  readonly segments: readonly string[]
  readonly arguments: Readonly<Record<string, Json>>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Whether the word is about this, and holds now. */
export function bearsOn(scope: Scope, asked: InScope): boolean {
  if (scope.operation !== asked.operation) return false
  if (scope.expiresAt !== null && !(asked.now < scope.expiresAt)) return false
  if (scope.agent !== null && !isNameOf(scope.agent, asked.agent)) return false
  if (scope.customer !== null && scope.customer !== asked.customer) return false
  if (scope.segment !== null && !asked.segments.includes(scope.segment)) return false
  return Object.entries(scope.arguments).every(([name, constraint]) =>
    Object.hasOwn(asked.arguments, name) ? fits(asked.arguments[name] ?? null, constraint) : false,
  )
}

function fits(value: Json, constraint: ArgumentConstraint): boolean {
  if ('oneOf' in constraint) {
    const text = canonicalJson(value)
    return constraint.oneOf.some((one) => canonicalJson(one) === text)
  }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = constraint
  return typeof value === 'number' && value >= min && value <= max
}
