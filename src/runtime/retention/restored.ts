/**
 * What a restored log can not know: which effects of its runs were carried out between the backup and the
 * loss. An effect of a run that is older than the backup is `unknown` before it is tried: the outside system
 * is asked by idempotency key. A connector whose lookup only reads traces in the workspace's own folders is
 * believed when it finds one; that it finds none proves nothing then, and the operator is asked.
 *
 * Why: docs/decisions/0017-backups-and-checkpoints.md
 */
import type { Restore } from '../../ports/restores.ts'
import { lastAbout } from '../last-about.ts'
import type { Execution } from '../run/execution.ts'

/** The restore since which this effect may have been done already; null when there is none. */
export function mayBeDoneSince(execution: Execution, name: string): Restore | null {
  const { restored } = execution.host
  const begun = execution.journal.start?.position ?? 0
  if (restored === null || begun > restored.position) return null
  const last = lastAbout(execution.host.log, execution.run.id, name, (kind, { during }) => {
    return ATTEMPTED.has(kind) && during !== 'lookup'
  })
  return last === undefined || last.position <= restored.position ? restored : null
}

/** After these, its fate is known to this log. */
const ATTEMPTED: ReadonlySet<string> = new Set(['effect.intended', 'attempt.failed'])

export function restoredWhy({ made }: Restore): string {
  return `the log was restored from a backup of ${made}, and it may have been done since`
}
