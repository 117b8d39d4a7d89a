/** The operator's rules of retention, carried out while work goes on. */
import { agentStream } from '../src/kernel/agent.ts'
import { RUN_ENDS } from '../src/kernel/journal.ts'
import { type RetentionRule, retain } from '../src/runtime/retention/retention.ts'
import type { RunStatus } from '../src/runtime/run-index.ts'
import type { Chance } from './chance.ts'
import { collector } from './collector.ts'
import type { Simulation } from './simulation.ts'

const ENDED = [...RUN_ENDS].map((kind) => kind.slice('run.'.length) as RunStatus)
/** What has ended at the very moment may not have been looked at yet. */
const AFTER_MS = [1, 1, 60_000] as const

/** Erases what is due by rules that are drawn. */
export function keepTo({ callers, clock, process, tally }: Simulation, chance: Chance): void {
  const after = (): number => chance.pick(AFTER_MS)
  const rules: RetentionRule[] = [{ workflow: '*', status: ENDED, afterMs: after() }]
  if (chance.happens(0.5)) rules.push({ events: '*', afterMs: after() })
  if (chance.happens(0.5)) rules.push({ agent: '*', afterMs: after() })
  const now = clock.now()
  // A workspace that is opened for the first time has its agents on record before anybody can ask it for something.
  if (process.log.versionOf(agentStream(collector.name)) === 0) return
  tally.add('retention')
  callers.ask('retention', async ({ log }) => {
    const { runs, published, states } = await retain(log, { rules, now })
    tally.add('retention: runs', runs)
    tally.add('retention: events', published)
    tally.add('retention: states', states)
    return () => true
  })
}
