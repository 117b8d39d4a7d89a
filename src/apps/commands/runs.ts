/** `runs`: the runs, newest first. */

import { z } from 'zod'
import { briefCustomer } from '../../customers/read.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { listRuns, type RunRow } from '../../observe/run-list.ts'
import { workspaceCommand } from './command.ts'
import { type BriefMessage, briefMessage, messageOf } from './inbox-item.ts'

export interface ListedRun extends Omit<RunRow, 'customer'> {
  readonly customer: { readonly id: string; readonly name: string; readonly address: string } | null
  readonly message: BriefMessage | null
}

const STATUSES = [
  'queued',
  'running',
  'waiting',
  'stalled',
  'completed',
  'failed',
  'cancelled',
  'continued',
] as const

export const runs = workspaceCommand({
  name: 'runs',
  params: z.strictObject({
    limit: z.int().min(1).max(100_000),
    status: z.enum(STATUSES).optional(),
  }),
  advances: true,
  async run({ log }, { limit, status }): Promise<ListedRun[]> {
    return listRuns(log.tables, { limit, status }).map((row) => {
      const [started] = log.readStream(runStream(row.id))
      const message = started ? messageOf(log, [started]) : null
      return {
        ...row,
        customer: row.customer === null ? null : briefCustomer(log.tables, row.customer),
        message: message && briefMessage(message),
      }
    })
  },
})
