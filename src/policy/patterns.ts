/** Patterns of operations: `smtp.send`, `smtp.*`, `*`. */
import { agentOf } from '../kernel/agent.ts'
import type { OperationPattern } from '../ports/policy-settings.ts'

export function matches(operation: string, pattern: OperationPattern): boolean {
  if (pattern === '*' || pattern === operation) return true
  return pattern.endsWith('.*') && operation.startsWith(pattern.slice(0, -1))
}

export function firstMatch(
  operation: string,
  patterns: readonly OperationPattern[],
): OperationPattern | undefined {
  return patterns.find((pattern) => matches(operation, pattern))
}

/** Whether a list of names, which may say `*`, names this one. */
export function names(list: readonly string[], name: string | null): boolean {
  return list.includes('*') || (name !== null && list.includes(name))
}

/** As `names`, of those who ask: an agent is meant by its own name, too, and not only by that of its runs. */
export function namesAgent(list: readonly string[], workflow: string | null): boolean {
  if (names(list, workflow)) return true
  const agent = workflow === null ? null : agentOf(workflow)
  return agent !== null && list.includes(agent)
}
