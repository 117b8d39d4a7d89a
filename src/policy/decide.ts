/**
 * The policy: one pure function from a request, what was spent so far and the operator's settings to
 * allow, deny or review. The rules are asked in a fixed order (access, budget, egress), and the first that
 * objects answers.
 */
import type { Verdict } from '../ports/gate.ts'
import type { OperationPattern, PolicySettings } from '../ports/policy-settings.ts'

export interface PolicyRequest {
  /** `connector.operation`, or `model.provider`. */
  readonly operation: string
  readonly hosts: readonly string[]
  /** Whether it costs model money. */
  readonly isModelCall: boolean
  /** Whether the operator approved exactly this. */
  readonly approved: boolean
}

/** What models have cost so far. */
export interface Spending {
  readonly todayMicros: number
  readonly runMicros: number
  readonly callsToday: number
}

type Rule = (request: PolicyRequest, spending: Spending, settings: PolicySettings) => Verdict | null

const RULES: readonly Rule[] = [accessDenied, accessReviewed, accessAllowed, withinBudget, egressAllowed]

export function decide(request: PolicyRequest, spending: Spending, settings: PolicySettings): Verdict {
  for (const rule of RULES) {
    const verdict = rule(request, spending, settings)
    if (verdict !== null) return verdict
  }
  if (request.approved)
    return { answer: 'allow', rule: 'access.approved', reason: 'the operator approved exactly this' }
  return { answer: 'allow', rule: 'access.allow', reason: `${request.operation} is on the allow list` }
}

function accessDenied(
  { operation }: PolicyRequest,
  _: Spending,
  { operations }: PolicySettings,
): Verdict | null {
  const pattern = matching(operation, operations.deny)
  return pattern === undefined ? null : deny('access.deny', `${operation} is on the deny list by ${pattern}`)
}

function accessReviewed(request: PolicyRequest, _: Spending, { operations }: PolicySettings): Verdict | null {
  const pattern = request.approved ? undefined : matching(request.operation, operations.review)
  if (pattern === undefined) return null
  return {
    answer: 'review',
    rule: 'access.review',
    reason: `${request.operation} needs your word by ${pattern}`,
  }
}

function accessAllowed(
  { operation }: PolicyRequest,
  _: Spending,
  { operations }: PolicySettings,
): Verdict | null {
  const named = matching(operation, operations.allow) ?? matching(operation, operations.review)
  return named === undefined ? deny('access.unlisted', `${operation} is on no list`) : null
}

function withinBudget(request: PolicyRequest, spent: Spending, { budget }: PolicySettings): Verdict | null {
  if (!request.isModelCall) return null
  if (budget.perDayUsd !== null && spent.todayMicros >= budget.perDayUsd * 1e6) {
    return deny(
      'budget.day',
      `models have cost ${usd(spent.todayMicros)} today, the limit is $${budget.perDayUsd}`,
    )
  }
  if (budget.perRunUsd !== null && spent.runMicros >= budget.perRunUsd * 1e6) {
    return deny(
      'budget.run',
      `models have cost ${usd(spent.runMicros)} in this run, the limit is $${budget.perRunUsd}`,
    )
  }
  if (budget.modelCallsPerDay !== null && spent.callsToday >= budget.modelCallsPerDay) {
    return deny(
      'budget.calls',
      `${spent.callsToday} model calls today, the limit is ${budget.modelCallsPerDay}`,
    )
  }
  return null
}

function egressAllowed({ hosts }: PolicyRequest, _: Spending, { egress }: PolicySettings): Verdict | null {
  const stranger = hosts.find((host) => !egress.allow.includes(host.toLowerCase()))
  return stranger === undefined
    ? null
    : deny('egress.host', `${stranger} is not on the list of hosts to talk to`)
}

function matching(operation: string, patterns: readonly OperationPattern[]): OperationPattern | undefined {
  return patterns.find(
    (pattern) =>
      pattern === '*' ||
      pattern === operation ||
      (pattern.endsWith('.*') && operation.startsWith(pattern.slice(0, -1))),
  )
}

function deny(rule: string, reason: string): Verdict {
  return { answer: 'deny', rule, reason }
}

function usd(micros: number): string {
  return `$${(micros / 1e6).toFixed(4)}`
}
