/** Keyed agents are put in quarantine by what is found out about them, and let go on when that is lifted. */
import { agentStream, HANDLING } from '../../kernel/agent.ts'
import { OWNER, SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { agentSummaries } from './lists.ts'
import { lifecycleEvent } from './records.ts'

/** Who has said so, where nobody has. */
const WATCH = 'anomalies'

/**
 * @param workflow of the agent's handlings; nothing follows for any other
 * @param to `enabled`: only where this has put it in quarantine, and not the operator
 */
export function quarantineParts(
  tables: TablesReader,
  workflow: string,
  to: 'quarantined' | 'enabled',
  reason: string,
): StreamAppend[] {
  if (!workflow.startsWith(HANDLING)) return []
  const [agent] = agentSummaries(tables, workflow.slice(HANDLING.length))
  if (agent === undefined) return []
  const isOurs = agent.lifecycle === 'quarantined' && agent.by === WATCH
  const isRunning = agent.lifecycle === 'enabled' || agent.lifecycle === 'draining'
  if (to === 'enabled' ? !isOurs : !isRunning) return []
  const by = to === 'enabled' ? { actor: 'operator', label: OWNER } : { actor: WATCH, label: SYSTEM }
  const events = [lifecycleEvent({ lifecycle: to, reason }, by)]
  return [{ stream: agentStream(agent.name), expectedVersion: 'any', events }]
}
