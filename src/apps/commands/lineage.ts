/** `lineage WHAT`: where a value or an event comes from. */
import { z } from 'zod'
import { type Lineage, lineageOf } from '../../observe/lineage.ts'
import { logCommand } from './command.ts'

export const lineage = logCommand({
  name: 'lineage',
  params: z.strictObject({ what: z.string().min(1), limit: z.int().min(1).max(10_000) }),
  async run({ log }, { what, limit }): Promise<Lineage> {
    return lineageOf(log, what, limit)
  },
})
