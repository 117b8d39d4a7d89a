/**
 * Access rules as Cedar policies, as an independent judge of ours. A rule of ours is a permit or a forbid; one that
 * wants a review is both: it permits, and forbids where the operator has not approved.
 */
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { AccessRule, PolicySettings } from '../../ports/policy-settings.ts'
import type { PolicyRequest } from '../request.ts'

const SET = 'access'

/** Makes the access rules of these settings the ones that `cedarAnswer` goes by. */
export function setCedarPolicies({ operations, access = [] }: PolicySettings): void {
  const lists = (['allow', 'deny', 'review'] as const).map(
    (answer): AccessRule => ({ agents: ['*'], customers: ['*'], operations: operations[answer], answer }),
  )
  const policies: Record<string, string> = {}
  for (const [i, rule] of [...lists, ...access].entries()) {
    if (rule.operations.length === 0) continue
    const when = conditionOf(rule)
    if (rule.answer !== 'deny')
      policies[`permit ${i}`] = `permit(principal, action, resource) when { ${when} };`
    if (rule.answer === 'deny')
      policies[`deny ${i}`] = `forbid(principal, action, resource) when { ${when} };`
    if (rule.answer === 'review') {
      policies[`review ${i}`] =
        `forbid(principal, action, resource) when { ${when} } unless { context.approved };`
    }
  }
  const parsed = preparsePolicySet(SET, { staticPolicies: policies })
  if (parsed.type === 'failure') throw new Error(JSON.stringify(parsed.errors))
}

/** By the policies that are set: the answer, and whether any rule spoke of it. */
export function cedarAnswer({
  operation,
  agent,
  customer,
  segments,
  approved,
}: PolicyRequest): 'allow' | 'deny' | 'review' | 'unlisted' {
  const context = {
    operation,
    approved,
    segments: [...segments],
    ...(agent === null ? {} : { agent }),
    ...(customer === null ? {} : { customer }),
  }
  const answer = statefulIsAuthorized({
    principal: { type: 'Anybody', id: '' },
    action: { type: 'Action', id: 'do' },
    resource: { type: 'Anything', id: '' },
    context,
    preparsedPolicySetId: SET,
    entities: [],
  })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  const { decision, diagnostics } = answer.response
  if (diagnostics.errors.length > 0) throw new Error(JSON.stringify(diagnostics.errors))
  if (decision === 'allow') return 'allow'
  if (diagnostics.reason.length === 0) return 'unlisted'
  return diagnostics.reason.some((id) => id.startsWith('deny')) ? 'deny' : 'review'
}

function conditionOf({ operations, agents, customers }: AccessRule): string {
  const either = (terms: readonly string[]): string => `(${terms.join(' || ')})`
  const text = (value: string): string => JSON.stringify(value)
  const named = (field: string, list: readonly string[]): string =>
    `(context has ${field} && [${list.map(text).join(', ')}].contains(context.${field}))`
  const segments = customers.flatMap((name) =>
    name.startsWith('segment:') ? [name.slice('segment:'.length)] : [],
  )
  const isFor = [
    named('customer', customers),
    ...segments.map((name) => `context.segments.contains(${text(name)})`),
  ]
  return [
    either(operations.map((pattern) => `context.operation like ${text(pattern)}`)),
    // Whoever names an agent means its runs as well.
    agents.includes('*') ? 'true' : named('agent', [...agents, ...agents.map((name) => `agent:${name}`)]),
    customers.includes('*') ? 'true' : either(isFor),
  ].join(' && ')
}
