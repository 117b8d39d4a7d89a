/** Cancels a run wherever it is: in the queue, in this process, or gone on as another. */
import { isHoldfastError } from '../../kernel/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Execution } from '../run/execution.ts'
import type { RunQueue } from '../scheduler/run-queue.ts'
import { type By, cancelRun } from './family.ts'
import { lastOfChain } from './run-chain.ts'

export interface CancelHost {
  readonly log: EventLog
  readonly queue: Pick<RunQueue, 'cancel'>
  execution(run: string): Promise<Execution>
}

/** Gives the id of the run that was cancelled in the end. @throws RUN_NOT_FOUND, RUN_ENDED */
export async function cancelWhereverItIs(host: CancelHost, given: string, by: By): Promise<string> {
  const run = lastOfChain(host.log.tables, given)
  if (await host.queue.cancel(run, by)) return run
  const execution = await host.execution(run).catch((error) => {
    if (isHoldfastError(error) && error.code === 'RUN_QUEUED') return null
    throw error
  })
  // It was put into the queue just now.
  if (execution === null) return await cancelWhereverItIs(host, run, by)
  const end = await cancelRun(execution, by)
  return end?.status === 'continued' ? await cancelWhereverItIs(host, end.next, by) : run
}
