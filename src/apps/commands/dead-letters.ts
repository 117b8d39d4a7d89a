/** `dead-letters`, `run retry ID`, `run discard ID`: what has failed for good, and what becomes of it. */

import { z } from 'zod'
import type { RunStatus } from '../../kernel/journal.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { DeadLetterList } from '../../runtime/reopening/dead-letters.ts'
import type { Retried } from '../../runtime/reopening/plan.ts'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'
import { progressSince, type RunProgress, settled } from './settled.ts'

export const deadLetters = workspaceCommand({
  name: 'dead-letters',
  params: z.strictObject({ workflow: z.string().optional(), limit: z.int().min(1).max(100_000) }),
  advances: true,
  async run({ holdfast }, { workflow, limit }): Promise<DeadLetterList> {
    return holdfast.deadLetters.list({ limit, ...(workflow === undefined ? {} : { workflow }) })
  },
})

export interface RetriedRun extends Retried {
  /** What it did since. */
  readonly progress: RunProgress
}

export const runRetry = workspaceCommand({
  name: 'run retry',
  params: z.strictObject({ id: z.string().min(1), from: z.string().optional() }),
  advances: true,
  async run({ holdfast, log }, { id, from }, io): Promise<RetriedRun> {
    const retried = await holdfast.deadLetters.retry(
      findRun(log.tables, id),
      from === undefined ? {} : { from },
    )
    const reopened = log.readStream(runStream(retried.run)).findLast(({ kind }) => kind === 'run.reopened')
    await settled(log, retried.run, io.signal)
    return { ...retried, progress: progressSince(log, retried.run, reopened?.version ?? 1) }
  },
})

export const runDiscard = workspaceCommand({
  name: 'run discard',
  params: z.strictObject({ id: z.string().min(1), reason: z.string() }),
  advances: true,
  async run({ holdfast, log }, { id, reason }): Promise<{ run: string; status: RunStatus; left: number }> {
    const run = findRun(log.tables, id)
    await holdfast.deadLetters.discard(run, reason)
    return { run, status: holdfast.run(run).status(), left: holdfast.deadLetters.list({ limit: 1 }).count }
  },
})
