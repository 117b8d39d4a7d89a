/** Whether a grant speaks of a request. */
import { canonicalJson, type Json } from '../kernel/json.ts'
import type { ArgumentConstraint, Grant } from '../ports/grant.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { firstMatch } from './patterns.ts'
import type { PolicyRequest } from './request.ts'

/** The first grant that names this, holds now, and was given before the run read anything from outside. */
export function grantFor(
  request: PolicyRequest,
  grants: readonly Grant[],
  { grants: limits }: PolicySettings,
): Grant | undefined {
  if (limits !== undefined && firstMatch(request.operation, limits.never) !== undefined) return undefined
  return grants.find((grant) => holds(grant, request, limits?.maxAgeMs ?? null) && bearsOn(grant, request))
}

function holds(grant: Grant, { now, externalSince }: PolicyRequest, maxAgeMs: number | null): boolean {
  if (grant.expiresAt !== null && !(now < grant.expiresAt)) return false
  if (maxAgeMs !== null && !(now - grant.givenAt < maxAgeMs)) return false
  return externalSince === null || grant.position < externalSince
}

function bearsOn(grant: Grant, request: PolicyRequest): boolean {
  if (grant.operation !== request.operation) return false
  if (grant.agent !== null && grant.agent !== request.agent) return false
  if (grant.customer !== null && grant.customer !== request.customer) return false
  if (grant.segment !== null && !request.segments.includes(grant.segment)) return false
  return Object.entries(grant.arguments).every(([name, constraint]) =>
    Object.hasOwn(request.arguments, name) ? fits(request.arguments[name] ?? null, constraint) : false,
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
