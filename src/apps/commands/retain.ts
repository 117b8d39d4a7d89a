/** `retain`: erases what the operator's rules say is not to be kept any longer. */
import { z } from 'zod'
import type { DestroyedKeys } from '../../adapters/backup/backup-keys.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import type { CompactReport } from '../../ports/event-log.ts'
import { type RetentionReport, retain as retainRuns } from '../../runtime/retention/retention.ts'
import { loadRetention } from '../config/policy-file.ts'
import { messageOfRun } from '../intake.ts'
import { backupsIn } from './backup.ts'
import { logCommand, type OpenLog } from './command.ts'

export interface Retained extends RetentionReport, CompactReport {
  readonly rules: number
  readonly dryRun: boolean
  /** Of backups: those whose keys were destroyed; with `dryRun`, those that are due. */
  readonly backups: DestroyedKeys
}

export const retain = logCommand({
  name: 'retain',
  params: z.strictObject({
    /** Erases nothing, only counts. */
    dryRun: z.boolean(),
  }),
  /** @throws CONFIG_INVALID */
  async run(open, { dryRun }, { signal }): Promise<Retained> {
    return await retainIn(open, { dryRun, signal })
  },
})

/** The mail that a run was started for goes with it. @throws CONFIG_INVALID */
export async function retainIn(
  open: Pick<OpenLog, 'dir' | 'log' | 'env'>,
  { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<Retained> {
  const { dir, log } = open
  const rules = await loadRetention(dir)
  const now = systemClock().now()
  const streamsOf = ({ id }: { readonly id: string }): string[] => {
    const message = messageOfRun(id)
    return message === null ? [] : [`mail/${message}`]
  }
  const report = await retainRuns(log, { rules, now, streamsOf, dryRun, signal })
  const room = report.events > 0 && !dryRun ? log.compact() : { bytesBefore: 0, bytesAfter: 0 }
  const backups = await endOfBackups(open, now, dryRun)
  return { rules: rules.length, dryRun, ...report, ...room, backups }
}

async function endOfBackups(
  open: Pick<OpenLog, 'dir' | 'log' | 'env'>,
  now: number,
  dryRun: boolean,
): Promise<DestroyedKeys> {
  const { backups } = await backupsIn(open)
  if (!dryRun) return await backups.lookAfter(now)
  const due = (await backups.list(now)).filter(({ state }) => state === 'due')
  return { destroyed: due.map(({ id }) => id), unreached: [] }
}
