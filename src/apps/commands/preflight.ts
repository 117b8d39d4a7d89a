/** `preflight`: replays every run that has not ended on the present code, without effects. */
import { z } from 'zod'
import { type PreflightReport, preflight as preflightRuns } from '../../runtime/replay/preflight.ts'
import { workspaceCommand } from './command.ts'

/** Progress is told so often. */
const EVERY = 100

export const preflight = workspaceCommand({
  name: 'preflight',
  params: z.strictObject({}),
  advances: false,
  async run({ holdfast }, _, io): Promise<PreflightReport> {
    return await preflightRuns(holdfast, {
      signal: io.signal,
      onProgress: (done, all) => {
        if (done % EVERY === 0) io.progress(`${done} of ${all} runs replayed`)
      },
    })
  },
})
