/** `log checkpoint`, `log verify`, `log rebuild`, `log export`: the log itself. */
import { z } from 'zod'
import { systemClock } from '../../adapters/system/clock.ts'
import { type Checkpoint, checkpointOf, readCheckpoint } from '../../kernel/checkpoint.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { toCloudEvent } from '../../observe/cloud-events.ts'
import type { RebuildReport, VerifyReport } from '../../ports/event-log.ts'
import { logCommand } from './command.ts'

export const logCheckpoint = logCommand({
  name: 'log checkpoint',
  params: z.strictObject({}),
  async run({ log }): Promise<Checkpoint> {
    return checkpointOf(log, systemClock().now())
  },
})

export const logVerify = logCommand({
  name: 'log verify',
  params: z.strictObject({
    /** A checkpoint that the log must go on from. */
    against: z.unknown().optional(),
  }),
  /** @throws LOG_CORRUPT, LOG_REPLACED, LOG_TRUNCATED, LOG_REWRITTEN */
  async run({ log }, { against }): Promise<VerifyReport> {
    return log.verify(against === undefined ? undefined : readCheckpoint(against))
  },
})

export const logRebuild = logCommand({
  name: 'log rebuild',
  params: z.strictObject({
    /** Compares only, and replaces nothing. */
    check: z.boolean(),
  }),
  /** @throws PROJECTION_DIFFERS with `check` */
  async run({ log }, { check }): Promise<RebuildReport> {
    const report = log.rebuild({ replace: !check })
    if (!check || report.differing.length === 0) return report
    throw new HoldfastError(
      'PROJECTION_DIFFERS',
      `Rebuilt from the log, ${report.differing.join(', ')} hold${report.differing.length === 1 ? 's' : ''} something else`,
      { details: { differing: report.differing, events: report.events } },
    )
  },
})

export const logExport = logCommand({
  name: 'log export',
  params: z.strictObject({
    /** Position of the last event that is known already; 0 for none. */
    after: z.int().min(0),
  }),
  async run({ log }, { after }, io): Promise<{ events: number }> {
    let events = 0
    for (const event of log.read(after)) {
      if (io.signal.aborted) break
      await io.emit(toCloudEvent(event, log.id) as unknown as Json)
      events += 1
    }
    return { events }
  },
})
