/**
 * The policy: one pure function from a request, the labels of what it is made of, the grants and the operator's
 * settings to allow, deny or review. The rules are asked in a fixed order, and the first that objects answers:
 *
 *     stop → access → budget and rate → egress → secrets → taint → rule of two → guardrails → absence
 *          → what parts beside the policy object → quiet hours
 *
 * An approval of exactly this lifts every review, and no denial.
 */
import type { Verdict } from '../ports/gate.ts'
import type { Grant } from '../ports/grant.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { accessDenied, accessReviewed, accessUnlisted } from './access.ts'
import { grantFor } from './grant-scope.ts'
import {
  attachmentsAllowed,
  fewEnough,
  noPersonalData,
  noSecret,
  notQuiet,
  operatorIsThere,
  seldomEnough,
  shortEnough,
} from './guardrails/rules.ts'
import { withinBudget, withinRate } from './limits.ts'
import type { PolicyRequest, RequestLabels } from './request.ts'
import { criticalArguments, grantedBefore, isTainted, leaves, ownLinks, privateStays } from './taint.ts'

export interface Rule {
  readonly name: string
  /** What it objects; null for nothing. */
  readonly ask: (
    request: PolicyRequest,
    labels: RequestLabels,
    policy: PolicySettings,
    granted: () => Grant | undefined,
  ) => Verdict | null
}

/** In the order in which they are asked. */
export const RULES: readonly Rule[] = [
  { name: 'stop', ask: notStopped },
  { name: 'access.deny', ask: (request, _, policy) => accessDenied(request, policy) },
  { name: 'access.review', ask: (request, _, policy) => accessReviewed(request, policy) },
  { name: 'access.unlisted', ask: (request, _, policy) => accessUnlisted(request, policy) },
  { name: 'budget', ask: withinBudget },
  { name: 'rate', ask: withinRate },
  { name: 'egress.host', ask: (request, _, policy) => egressAllowed(request, policy) },
  { name: 'guard.secret', ask: (request, _, policy) => noSecret(request, policy) },
  { name: 'taint.argument', ask: criticalArguments },
  { name: 'taint.grant', ask: grantedBefore },
  { name: 'two.private', ask: privateStays },
  { name: 'two.link', ask: ownLinks },
  { name: 'guard.personal', ask: noPersonalData },
  { name: 'guard.length', ask: (request, _, policy) => shortEnough(request, policy) },
  { name: 'guard.recipients', ask: (request, _, policy) => fewEnough(request, policy) },
  { name: 'guard.attachments', ask: (request, _, policy) => attachmentsAllowed(request, policy) },
  { name: 'guard.day', ask: (request, _, policy) => seldomEnough(request, policy) },
  { name: 'absence', ask: operatorIsThere },
  { name: 'objections', ask: objected },
  { name: 'guard.quiet', ask: notQuiet },
]

export function decide(
  request: PolicyRequest,
  labels: RequestLabels,
  grants: readonly Grant[],
  policy: PolicySettings,
): Verdict {
  return decideBy(RULES, request, labels, grants, policy)
}

/** By these rules only. */
export function decideBy(
  rules: readonly Rule[],
  request: PolicyRequest,
  labels: RequestLabels,
  grants: readonly Grant[],
  policy: PolicySettings,
): Verdict {
  let found: Grant | null | undefined = null
  /** The grant that speaks of it, looked for once. */
  const granted = (): Grant | undefined => {
    if (found === null) found = grantFor(request, grants, policy)
    return found
  }
  for (const { ask } of rules) {
    const verdict = ask(request, labels, policy, granted)
    if (verdict !== null) return verdict
  }
  if (request.approved) {
    return { answer: 'allow', rule: 'access.approved', reason: 'the operator approved exactly this' }
  }
  if (leaves(request) && isTainted(labels)) return allowedInTaint(request, granted)
  return { answer: 'allow', rule: 'access.allow', reason: `${request.operation} is on the allow list` }
}

function allowedInTaint(request: PolicyRequest, granted: () => Grant | undefined): Verdict {
  if (request.endorsed) {
    const reason = 'the operator approved a proposal with these very arguments'
    return { answer: 'allow', rule: 'taint.endorsed', reason }
  }
  const grant = granted()
  const reason = `the grant ${grant?.id ?? ''} of before allows ${request.operation}, and whom it is for is yours to say`
  return {
    answer: 'allow',
    rule: 'taint.granted',
    reason,
    ...(grant === undefined ? {} : { grant: grant.id }),
  }
}

/** Held, and asked about again when work goes on. */
function notStopped({ stopped = null }: PolicyRequest): Verdict | null {
  return stopped === null ? null : { answer: 'deny', rule: 'stop', reason: stopped, until: null }
}

function egressAllowed({ manifest }: PolicyRequest, { egress }: PolicySettings): Verdict | null {
  const stranger = manifest.hosts.find((host) => !egress.allow.includes(host.toLowerCase()))
  if (stranger === undefined) return null
  return { answer: 'deny', rule: 'egress.host', reason: `${stranger} is not on the list of hosts to talk to` }
}

function objected({ objections, approved }: PolicyRequest): Verdict | null {
  return objections.find(({ answer }) => answer === 'deny' || (answer === 'review' && !approved)) ?? null
}
