/** When a run first read something from outside: a grant that came later is none for it. */

import type { StoredEvent } from '../../kernel/event.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { RunToStart } from '../life/run-start.ts'
import type { Execution } from './execution.ts'

/**
 * Position of the first thing from outside that the run, or who started it, has read; null for none. What a reopened run
 * reads again it had read before.
 */
export function externalSince({ run, records, host }: Execution): number | null {
  const { start, externalVersion } = records.journal
  if (externalVersion === null) return null
  if (start?.externalSince != null) return start.externalSince
  // What is not on disk yet comes behind all that is.
  const next = host.log.head().position + 1
  if (externalVersion === 1) return start?.position || next
  return host.log.readStream(runStream(run.id), externalVersion)[0]?.position ?? next
}

/** Of a run that is about these events: a grant that came after them, and before the run, is none for it. */
export function cameFromOutside(events: readonly Pick<StoredEvent, 'label' | 'position'>[]): number | null {
  return events.find(({ label }) => label.trust === 'external')?.position ?? null
}

/** What a run hands on to those that it starts. */
export function startedBy(
  execution: Execution,
): Pick<RunToStart, 'customer' | 'actor' | 'label' | 'externalSince'> {
  const { actor, label, run } = execution
  return { customer: run.customer, actor, label, externalSince: externalSince(execution) }
}
