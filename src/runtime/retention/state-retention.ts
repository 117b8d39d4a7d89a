/**
 * Erases what the states of agents were before their newest snapshots. An instance is read from its last whole
 * state on, so nothing needs what lies behind it; how far it has handled the log stays.
 */
import { instanceStream } from '../../kernel/agent.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Erasing, StateRule } from './retention.ts'

/** Events of one instance that are read at once, and erased in one commit; instances looked at between two turns. */
const PAGE = 200

interface InstanceRow {
  readonly agent: string
  readonly key: string
  readonly whole: number
  readonly kept_from: number
}

/** Resolves with how many bodies there were. The first rule that names the agent decides. */
export async function eraseStates(
  log: EventLog,
  rules: readonly StateRule[],
  { now, dryRun, signal }: Erasing,
): Promise<number> {
  if (rules.every(({ afterMs }) => afterMs === null)) return 0
  let erased = 0
  let last = { agent: '', key: '' }
  for (;;) {
    const rows: InstanceRow[] = log.tables.all(
      `SELECT agent, key, whole, kept_from FROM agents_instances
       WHERE (agent, key) > (?, ?) AND whole > kept_from ORDER BY agent, key LIMIT ${PAGE}`,
      last.agent,
      last.key,
    )
    for (const row of rows) {
      const afterMs = rules.find(({ agent }) => agent === '*' || agent === row.agent)?.afterMs ?? null
      if (afterMs === null) continue
      for (const page of pagesBehind(log, row, now - afterMs)) {
        if (signal?.aborted) return erased
        erased += page.length
        if (!dryRun) await erase(log, page)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    if (rows.length < PAGE) return erased
    last = rows.at(-1) ?? last
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What is due before the newest whole state, the oldest first, up to the first that is not. */
function* pagesBehind(
  log: EventLog,
  { agent, key, whole, kept_from }: InstanceRow,
  until: number,
): Generator<readonly StoredEvent[]> {
  const stream = instanceStream(agent, key)
  for (let from = kept_from; ; ) {
    const events = log.readStream(stream, from, PAGE)
    const end = events.findIndex(({ version, time }) => version >= whole || time > until)
    const due = end < 0 ? events : events.slice(0, end)
    const bodies = due.filter(({ kind, body }) => kind === 'agent.handled' && body !== null)
    if (bodies.length > 0) yield bodies
    if (end >= 0 || events.length < PAGE) return
    from = (events.at(-1)?.version ?? from) + 1
  }
}

async function erase(log: EventLog, events: readonly StoredEvent[]): Promise<void> {
  const positions = events.map(({ position }) => position)
  await log.erase({ positions }, { actor: 'retention', reason: 'kept as long as the policy says' })
}
