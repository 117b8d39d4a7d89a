/** `queue`: what waits to begin, and what for. */
import { z } from 'zod'
import { type QueueLane, queueLanes } from '../../observe/queue.ts'
import { logCommand } from './command.ts'

export const queue = logCommand({
  name: 'queue',
  params: z.strictObject({ limit: z.int().min(1).max(100_000) }),
  async run({ log }, { limit }): Promise<QueueLane[]> {
    return queueLanes(log.tables, limit)
  },
})
