/** Whether a grant speaks of a request. */
import { bearsOn } from '../kernel/scope.ts'
import type { Grant } from '../ports/grant.ts'
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
  const maxAgeMs = limits?.maxAgeMs ?? null
  // A loop: it is gone through for each effect, twice where a grant lets it go.
  for (const grant of grants) if (bearsOn(grant, request) && holds(grant, request, maxAgeMs)) return grant
  return undefined
}

function holds(grant: Grant, { now, externalSince }: PolicyRequest, maxAgeMs: number | null): boolean {
  if (maxAgeMs !== null && !(now - grant.givenAt < maxAgeMs)) return false
  return externalSince === null || grant.position < externalSince
}
