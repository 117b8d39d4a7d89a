/** When a run first read something from outside: a grant that came later is none for it. */

import { AGENT_STREAM } from '../../kernel/agent.ts'
import { earliest, sinceBody } from '../../kernel/outside.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { RunToStart } from '../life/run-start.ts'
import type { Execution } from './execution.ts'

/**
 * Position of the first thing from outside that the run, or who started it, has read; null for none. What a reopened run
 * reads again it had read before.
 */
export function externalSince({ run, records, host }: Execution): number | null {
  const { start, outside } = records.journal
  if (outside.version === null) return null
  if (start?.externalSince != null) return earliest(start.externalSince, outside.carried)
  const own = outside.version === 1 ? start?.position || undefined : firstOf(host, run.id, outside.version)
  return earliest(own ?? records.outsideNoted, outside.carried)
}

/** undefined while it is not on disk. */
function firstOf({ log }: Execution['host'], run: string, version: number): number | undefined {
  return log.readStream(runStream(run), version, 1)[0]?.position
}

/** For the event with which a run ends, where somebody goes on with what it gives. */
export function handedOn(execution: Execution): ReturnType<typeof sinceBody> {
  const { label, run, journal } = execution
  const isTakenOn = journal.start?.parent != null || run.id.startsWith(AGENT_STREAM)
  return isTakenOn && label.trust === 'external' ? sinceBody(externalSince(execution)) : {}
}

/** What a run hands on to those that it starts. */
export function startedBy(
  execution: Execution,
): Pick<RunToStart, 'customer' | 'actor' | 'label' | 'externalSince'> {
  const { actor, label, run } = execution
  return { customer: run.customer, actor, label, externalSince: externalSince(execution) }
}
