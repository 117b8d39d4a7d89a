/** `run replay ID`, `run replay --all`: runs the code again on the record, without effects. */
import { z } from 'zod'
import { type ReplayReport, verifyRun } from '../../runtime/replay/replay.ts'
import { workspaceCommand } from './command.ts'
import { findRun } from './find.ts'

/** What was erased can't be replayed. */
const KEPT_RUNS = `
  SELECT id FROM runs WHERE NOT EXISTS (SELECT 1 FROM runs_erased WHERE run = runs.id) ORDER BY position`

export const runReplay = workspaceCommand({
  name: 'run replay',
  params: z.strictObject({
    /** null for every run that was not erased. */
    id: z.string().min(1).nullable(),
  }),
  advances: false,
  async run({ holdfast, log }, { id }, io): Promise<ReplayReport[]> {
    const { workflows } = holdfast.runtime
    const chosen =
      id === null ? log.tables.all<{ id: string }>(KEPT_RUNS).map((row) => row.id) : [findRun(log.tables, id)]
    const reports: ReplayReport[] = []
    for (const run of chosen) {
      if (io.signal.aborted) break
      reports.push(await verifyRun(log, workflows, run))
      if (chosen.length > 1) io.progress(`${reports.length} of ${chosen.length} runs verified`)
    }
    return reports
  },
})
