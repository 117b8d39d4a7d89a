/** What `doctor` asks of the log, which only the process that has it open can answer. */
import { z } from 'zod'
import type { ListedBackup } from '../../adapters/backup/backup-keys.ts'
import { type ErrorRecord, isHoldfastError, toErrorRecord } from '../../kernel/errors.ts'
import { type Alert, raisedAlerts } from '../../runtime/alert-index.ts'
import { countWaitingReviews } from '../../runtime/reviews/review-index.ts'
import { knownAgents } from '../known-names.ts'
import { backupsIn } from './backup.ts'
import { logCommand, type OpenLog } from './command.ts'

export interface Inspection {
  readonly events: number
  /** What is wrong with the chain of hashes; null when nothing is. */
  readonly chain: ErrorRecord | null
  /** Tables that differ from the log; null when there are too many events to compare them here. */
  readonly differing: readonly string[] | null
  /** How many runs, by status. */
  readonly runs: Readonly<Record<string, number>>
  /** Some of the stalled runs, with the code of what holds them up. */
  readonly stalled: readonly { readonly id: string; readonly code: string | null }[]
  readonly reviews: number
  /** What is raised now, the oldest first. */
  readonly alerts: readonly Alert[]
  /** What of the last 30 days could not be read as mail, newest last. */
  readonly skipped: readonly { readonly ref: string; readonly error: string }[]
  /** The secrets of the vault, each with what is wrong with it. */
  readonly secrets: readonly { readonly name: string; readonly trouble: ErrorRecord | null }[]
  /** Workflows and agents that are known here. */
  readonly agents: readonly string[]
  /** The newest first; looked for in the workspace where policy.yaml has a mistake. */
  readonly backups: readonly ListedBackup[]
}

/** A log of more events is compared by `log rebuild --check`, which takes its time. */
const MAX_COMPARED = 20_000
const MAX_NAMED = 3
const SKIPPED_MS = 30 * 86_400_000

export const inspect = logCommand({
  name: 'inspect',
  params: z.strictObject({}),
  async run(open): Promise<Inspection> {
    const { log, secrets } = open
    const events = log.head().position
    const counts = log.tables.all<{ status: string; n: number }>(
      'SELECT status, count(*) AS n FROM runs GROUP BY status',
    )
    const stalled = log.tables.all<{ id: string; code: string | null }>(
      `SELECT id, error_code AS code FROM runs WHERE status = 'stalled' ORDER BY position LIMIT ${MAX_NAMED}`,
    )
    return {
      events,
      chain: chainProblem(open),
      differing: events > MAX_COMPARED ? null : log.rebuild({ replace: false }).differing,
      runs: Object.fromEntries(counts.map(({ status, n }) => [status, n])),
      stalled: stalled.map((row) => ({ ...row })),
      reviews: countWaitingReviews(log.tables),
      alerts: raisedAlerts(log.tables),
      skipped: skippedSince(open, Date.now() - SKIPPED_MS),
      secrets: await secrets.check(),
      agents: knownAgents(log.tables),
      backups: await (await backupsIn(open, true)).backups.list(Date.now()),
    }
  },
})

function chainProblem({ log }: OpenLog): ErrorRecord | null {
  try {
    log.verify()
    return null
  } catch (error) {
    if (!isHoldfastError(error)) throw error
    return toErrorRecord(error)
  }
}

function skippedSince({ log }: Pick<OpenLog, 'log'>, since: number): Inspection['skipped'] {
  const found: { ref: string; error: string }[] = []
  for (const { kind, time, body } of log.read(0)) {
    if (kind !== 'message.skipped' || time < since) continue
    const { message = '' } = (body?.error ?? {}) as { message?: string }
    found.push({ ref: String(body?.ref ?? ''), error: message })
  }
  return found
}
