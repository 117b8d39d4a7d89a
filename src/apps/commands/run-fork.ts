/** `run fork ID`: a new run that begins as another did, and goes its own way from one of its operations. */
import { z } from 'zod'
import type { RunStatus } from '../../kernel/journal.ts'
import type { Fork, ForkOptions } from '../../runtime/replay/fork.ts'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'

export interface ForkedRun extends Fork {
  readonly run: string
  readonly status: RunStatus
}

export const runFork = workspaceCommand({
  name: 'run fork',
  params: z.strictObject({
    source: z.string().min(1),
    from: z.string().optional(),
    id: z.string().optional(),
    result: z.unknown().optional(),
    input: z.unknown().optional(),
  }),
  advances: true,
  async run({ holdfast, log }, { source, ...options }): Promise<ForkedRun> {
    const { id: run, fork, status } = await holdfast.fork(findRun(log.tables, source), options as ForkOptions)
    return { run, ...fork, status: status() }
  },
})
