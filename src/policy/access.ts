/**
 * Access: which agent may use which operation on which customers. The lists of operations are rules for every
 * agent and customer. A denial goes before a review, a review before an allowance; what nothing names is denied.
 */
import type { Verdict } from '../ports/gate.ts'
import type { AccessRule, PolicySettings } from '../ports/policy-settings.ts'
import { firstMatch, names, namesAgent } from './patterns.ts'
import type { PolicyRequest } from './request.ts'

/** A rule that speaks of an operation, with the pattern by which it does. */
interface Bearing {
  readonly pattern: string
  readonly rule: AccessRule | null
  readonly where: string
}

/** Those that name the agent, or every one. */
interface AgentRules {
  readonly deny: readonly Bearing[]
  readonly review: readonly Bearing[]
  readonly allow: readonly Bearing[]
  /** Whether the operation is on a list that allows it, for whichever agent. */
  readonly isListed: boolean
}

/** What settings say of each operation, by agent, and how long their lists were then. */
interface Known {
  readonly rules: Map<string, Map<string | null, AgentRules>>
  count: number
  readonly allow: number
  readonly deny: number
  readonly review: number
  readonly access: number
}

/** What settings say of an operation to an agent is worked out once, and anew when a list has grown or shrunk. */
const known = new WeakMap<PolicySettings, Known>()
const MOST_KNOWN = 1_000

export function accessDenied(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const found = rulesFor(request, policy).deny.find((one) => bearsOn(one, request))
  return found === undefined
    ? null
    : { answer: 'deny', rule: 'access.deny', reason: `${request.operation} is denied ${said(found)}` }
}

export function accessReviewed(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  if (request.approved) return null
  const found = rulesFor(request, policy).review.find((one) => bearsOn(one, request))
  return found === undefined
    ? null
    : {
        answer: 'review',
        rule: 'access.review',
        reason: `${request.operation} needs your word ${said(found)}`,
      }
}

export function accessUnlisted(request: PolicyRequest, policy: PolicySettings): Verdict | null {
  const { allow, review, isListed } = rulesFor(request, policy)
  const bears = (one: Bearing): boolean => bearsOn(one, request)
  if (allow.some(bears) || review.some(bears)) return null
  const other = isListed ? ` for ${request.agent} and this customer` : ''
  const reason = `${request.operation} is on no list${other}`
  return { answer: 'deny', rule: 'access.unlisted', reason }
}

function said({ pattern, where }: Bearing): string {
  return `by ${pattern} of ${where}`
}

function bearsOn({ rule }: Bearing, { customer, segments }: PolicyRequest): boolean {
  if (rule === null) return true
  if (names(rule.customers, customer)) return true
  return segments.some((segment) => rule.customers.includes(`segment:${segment}`))
}

function rulesFor({ operation, agent }: PolicyRequest, policy: PolicySettings): AgentRules {
  const known = knownOf(policy)
  return known.rules.get(operation)?.get(agent) ?? workedOut(operation, agent, policy, known)
}

function workedOut(operation: string, agent: string | null, policy: PolicySettings, into: Known): AgentRules {
  const isTheirs = ({ rule }: Bearing): boolean => rule === null || namesAgent(rule.agents, agent)
  const allow = bearing(operation, policy, 'allow')
  const review = bearing(operation, policy, 'review')
  const rules = {
    deny: bearing(operation, policy, 'deny').filter(isTheirs),
    review: review.filter(isTheirs),
    allow: allow.filter(isTheirs),
    isListed: allow.length + review.length > 0,
  }
  if (into.count >= MOST_KNOWN) {
    into.rules.clear()
    into.count = 0
  }
  const byAgent = into.rules.get(operation) ?? new Map<string | null, AgentRules>()
  into.rules.set(operation, byAgent.set(agent, rules))
  into.count += 1
  return rules
}

function knownOf(policy: PolicySettings): Known {
  const { allow, deny, review } = policy.operations
  const access = policy.access?.length ?? 0
  const last = known.get(policy)
  const isSame = last?.allow === allow.length && last.deny === deny.length && last.review === review.length
  if (isSame && last.access === access) return last
  const anew: Known = {
    rules: new Map(),
    count: 0,
    allow: allow.length,
    deny: deny.length,
    review: review.length,
    access,
  }
  known.set(policy, anew)
  return anew
}

function bearing(
  operation: string,
  { operations, access = [] }: PolicySettings,
  answer: AccessRule['answer'],
): Bearing[] {
  const listed = firstMatch(operation, operations[answer])
  const ruled = access.flatMap((rule, i): Bearing[] => {
    const pattern = rule.answer === answer ? firstMatch(operation, rule.operations) : undefined
    return pattern === undefined ? [] : [{ pattern, rule, where: `access[${i}]` }]
  })
  if (listed === undefined) return ruled
  return [{ pattern: listed, rule: null, where: `operations.${answer}` }, ...ruled]
}
