/** `run show ID`: the whole story of a run. */
import { z } from 'zod'
import { type RunStory, runStory } from '../../observe/run-story.ts'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'

export const runShow = workspaceCommand({
  name: 'run show',
  params: z.strictObject({ id: z.string().min(1) }),
  advances: true,
  async run({ log }, { id }): Promise<RunStory> {
    return runStory(log, findRun(log.tables, id))
  },
})
