/** Lists of agents, their instances, and what was set aside, for the operator and for programs. */
import type { Lifecycle } from '../../kernel/agent.ts'
import type { ErrorRecord } from '../../kernel/errors.ts'
import type { TablesReader } from '../../ports/projection.ts'

export interface AgentSummary {
  readonly name: string
  readonly version: number
  readonly on: readonly string[]
  readonly lifecycle: Lifecycle
  /** Why it is not enabled; '' when nobody said. */
  readonly reason: string
  /** Who said so last. */
  readonly by: string
  /** Milliseconds since 1970 at which it came to be so. */
  readonly since: number
  readonly instances: number
  /** Events that wait to be handled, those under way included; of a draining agent, only what came before. */
  readonly pending: number
  /** Runs that handle an event. */
  readonly underWay: number
  readonly setAside: number
}

export interface InstanceSummary {
  readonly key: string
  readonly lifecycle: Lifecycle
  readonly reason: string
  readonly handled: number
  readonly pending: number
  /** The run that handles an event. */
  readonly run: string | null
  readonly updated: number
}

export interface SetAside {
  readonly agent: string
  readonly key: string
  readonly position: number
  readonly time: number
  readonly run: string | null
  readonly error: ErrorRecord
}

export function agentSummaries(tables: TablesReader, agent?: string): AgentSummary[] {
  const rows = tables.all<Omit<AgentSummary, 'on'> & { readonly kinds: string }>(
    `SELECT name, version, kinds, lifecycle, reason, lifecycle_by AS "by", since,
       (SELECT count(*) FROM agents_instances WHERE agent = name) AS instances,
       (SELECT coalesce(sum(waiting), 0) FROM agents_instances WHERE agent = name) AS pending,
       (SELECT count(*) FROM agents_instances WHERE agent = name AND run IS NOT NULL) AS underWay,
       (SELECT count(*) FROM agents_set_aside WHERE agent = name) AS setAside
     FROM agents ${agent === undefined ? '' : 'WHERE name = ?'} ORDER BY name`,
    ...(agent === undefined ? [] : [agent]),
  )
  return rows.map(({ kinds, ...row }) => ({ ...row, on: JSON.parse(kinds) as string[] }))
}

/** Those that changed last come first. */
export function instanceSummaries(tables: TablesReader, agent: string, limit: number): InstanceSummary[] {
  return tables.all(
    `SELECT key, lifecycle, reason, handled, waiting AS pending, run, updated FROM agents_instances
     WHERE agent = ? ORDER BY updated DESC, key LIMIT ?`,
    agent,
    limit,
  )
}

/** Of one agent, or of one of its instances; the oldest event first. */
export function setAsideEvents(tables: TablesReader, agent: string, key?: string): SetAside[] {
  const where = key === undefined ? 'WHERE agent = ?' : 'WHERE agent = ? AND key = ?'
  return setAsideWhere(tables, where, ...(key === undefined ? [agent] : [agent, key]))
}

/** Of all agents; the oldest event first. */
export function allSetAside(tables: TablesReader): SetAside[] {
  return setAsideWhere(tables, '')
}

function setAsideWhere(tables: TablesReader, where: string, ...values: readonly string[]): SetAside[] {
  const rows = tables.all<Omit<SetAside, 'error'> & { readonly error: string }>(
    `SELECT agent, key, position, time, run, error FROM agents_set_aside ${where} ORDER BY position`,
    ...values,
  )
  return rows.map(({ error, ...row }) => ({ ...row, error: JSON.parse(error) as ErrorRecord }))
}

/** By this instance, or by the agent as one that it could not route. */
export function isSetAside(tables: TablesReader, agent: string, key: string, position: number): boolean {
  const found = tables.get(
    "SELECT 1 FROM agents_set_aside WHERE agent = ? AND key IN (?, '') AND position = ?",
    agent,
    key,
    position,
  )
  return found !== undefined
}

/** The instance whose event this run handles. */
export function instanceOfRun(
  tables: TablesReader,
  run: string,
):
  | { readonly agent: string; readonly key: string; readonly run_position: number; readonly handled: number }
  | undefined {
  return tables.get('SELECT agent, key, run_position, handled FROM agents_instances WHERE run = ?', run)
}
