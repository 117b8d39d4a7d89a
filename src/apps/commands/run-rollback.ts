/** `run rollback ID`: undoes what a run did, last first. */

import { z } from 'zod'
import type { ErrorRecord } from '../../kernel/errors.ts'
import type { RunStatus } from '../../kernel/journal.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { Deeds } from '../../runtime/rollback/deeds.ts'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'
import { settled } from './settled.ts'

export interface RolledBackRun {
  readonly run: string
  /** What there was to undo before. */
  readonly plan: Deeds
  /** The run that undoes it; null with `dryRun`. */
  readonly rollback: string | null
  /** Of that run, once it rests. */
  readonly status: RunStatus | null
  /** Effects that it has undone so far, by name. */
  readonly undone: readonly string[]
  /** Why it failed or stalled. */
  readonly error: ErrorRecord | null
}

export const runRollback = workspaceCommand({
  name: 'run rollback',
  params: z.strictObject({
    id: z.string().min(1),
    /** Only says what would be undone. */
    dryRun: z.boolean(),
  }),
  advances: true,
  async run({ holdfast, log }, { id, dryRun }, io): Promise<RolledBackRun> {
    const run = findRun(log.tables, id)
    const plan = holdfast.planRollback(run)
    if (dryRun) return { run, plan, rollback: null, status: null, undone: [], error: null }
    const rollback = await holdfast.rollback(run)
    await settled(log, rollback.id, io.signal)
    const events = log.readStream(runStream(rollback.id))
    const undone = events
      .filter(({ kind }) => kind === 'undo.succeeded')
      .map(({ body }) => String(body?.name))
    const stop = events.findLast(({ kind }) => kind === 'run.failed' || kind === 'run.stalled')
    const status = rollback.status()
    const error = status === 'failed' || status === 'stalled' ? stop?.body?.error : null
    return {
      run,
      plan,
      rollback: rollback.id,
      status,
      undone,
      error: (error as unknown as ErrorRecord | undefined) ?? null,
    }
  },
})
