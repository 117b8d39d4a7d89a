/** `stop` and `resume`: the one switch for all work. */
import { z } from 'zod'
import type { Stop } from '../../ports/stop-switch.ts'
import { countHeldByStop } from '../../runtime/stops/held-index.ts'
import { logCommand, workspaceCommand } from './command.ts'

/** Works while everything but the log is broken. */
export const stop = logCommand({
  name: 'stop',
  params: z.strictObject({ reason: z.string() }),
  async run({ work }, { reason }): Promise<Stop> {
    return await work.stop(reason)
  },
})

export interface Resumed {
  readonly stops: readonly Stop[]
  /** Effects, undoings and decisions that waited, and go on now. */
  readonly held: number
}

export const resume = workspaceCommand({
  name: 'resume',
  params: z.strictObject({}),
  advances: true,
  async run({ work, log }): Promise<Resumed> {
    const held = countHeldByStop(log.tables)
    return { stops: await work.resume(), held }
  },
})
