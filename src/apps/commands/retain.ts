/** `retain`: erases what the operator's rules say is not to be kept any longer. */
import { z } from 'zod'
import { systemClock } from '../../adapters/system/clock.ts'
import type { CompactReport, EventLog } from '../../ports/event-log.ts'
import { type RetentionReport, retain as retainRuns } from '../../runtime/retention.ts'
import { loadRetention } from '../config/policy-file.ts'
import { messageOfRun } from '../intake.ts'
import { logCommand } from './command.ts'

export interface Retained extends RetentionReport, CompactReport {
  readonly rules: number
  readonly dryRun: boolean
}

export const retain = logCommand({
  name: 'retain',
  params: z.strictObject({
    /** Erases nothing, only counts. */
    dryRun: z.boolean(),
  }),
  /** @throws CONFIG_INVALID */
  async run({ dir, log }, { dryRun }, { signal }): Promise<Retained> {
    return await retainIn({ dir, log, dryRun, signal })
  },
})

/** The mail that a run was started for goes with it. @throws CONFIG_INVALID */
export async function retainIn(options: {
  readonly dir: string
  readonly log: EventLog
  readonly dryRun: boolean
  readonly signal: AbortSignal
}): Promise<Retained> {
  const { dir, log, dryRun, signal } = options
  const rules = await loadRetention(dir)
  const now = systemClock().now()
  const streamsOf = ({ id }: { readonly id: string }): string[] => {
    const message = messageOfRun(id)
    return message === null ? [] : [`mail/${message}`]
  }
  const report = await retainRuns(log, { rules, now, streamsOf, dryRun, signal })
  const room = report.events > 0 && !dryRun ? log.compact() : { bytesBefore: 0, bytesAfter: 0 }
  return { rules: rules.length, dryRun, ...report, ...room }
}
