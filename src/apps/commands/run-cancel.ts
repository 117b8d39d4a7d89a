/** `run cancel ID`: stops a run for good. */
import { z } from 'zod'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'

export const runCancel = workspaceCommand({
  name: 'run cancel',
  params: z.strictObject({ id: z.string().min(1), reason: z.string() }),
  advances: true,
  async run({ holdfast, log }, { id, reason }) {
    const run = findRun(log.tables, id)
    await holdfast.cancel(run, reason)
    return { run, status: holdfast.run(run).status() }
  },
})
