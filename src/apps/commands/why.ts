/** `why ID`: what a run waits for, since when, and what happens next. */
import { z } from 'zod'
import type { Explanation } from '../../observe/explain/explanation.ts'
import { why as explainRun } from '../../sdk.ts'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'

export const why = workspaceCommand({
  name: 'why',
  params: z.strictObject({ id: z.string().min(1) }),
  advances: false,
  async run({ holdfast, log }, { id }): Promise<Explanation> {
    return explainRun(holdfast, findRun(log.tables, id))
  },
})
