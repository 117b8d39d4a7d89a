/** What operations, workflows and agents there are in a workspace, for whoever looks for names that are none of them. */
import { PROVIDERS } from '../adapters/ai-sdk/endpoint.ts'
import { agentOf } from '../kernel/agent.ts'
import type { Connector } from '../ports/connector.ts'
import type { TablesReader } from '../ports/projection.ts'

/** Of the connectors that come along, whether or not they are configured here. */
const SHIPPED = ['maildir.send', 'maildir.receive', 'smtp.send'] as const
const SHIPPED_WORKFLOWS = ['lead-qualification'] as const

/** Those, the models that may be used, and those of these connectors. */
export function knownOperations(connectors: readonly Connector[] = []): string[] {
  const own = connectors.flatMap(({ name, operations }) =>
    Object.keys(operations).map((operation) => `${name}.${operation}`),
  )
  return [...new Set([...SHIPPED, ...PROVIDERS.map((name) => `model.${name}`), ...own])].sort()
}

/** Workflows that have run, agents that were defined, and what comes along. */
export function knownAgents(tables: TablesReader): string[] {
  const run = tables.all<{ name: string }>('SELECT DISTINCT workflow AS name FROM runs')
  const defined = tables.all<{ name: string }>('SELECT name FROM agents')
  const names = [...run, ...defined].map(({ name }) => agentOf(name) ?? name)
  return [...new Set([...SHIPPED_WORKFLOWS, ...names])].sort()
}
