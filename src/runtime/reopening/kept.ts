/** What a reopened run has done already stays done: asked for with another input, it is refused, not repeated. */

import { HoldfastError } from '../../kernel/errors.ts'
import type { OperationType } from '../../kernel/journal.ts'
import { canonicalJson, type Json } from '../../kernel/json.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Operation } from '../operations.ts'
import { type RecordedOperation, readRecord } from '../replay/replay-record.ts'
import { requestOf } from '../replay/replay-request.ts'

/** What must not be done twice, and is known by what it was asked for with. */
export const OUTWARD: ReadonlySet<OperationType> = new Set<OperationType>([
  'effect',
  'undo',
  'child',
  'publication',
])

/** Whether it was done, or may have been, before the run was reopened, and is asked for otherwise now. */
export function isKeptOtherwise(recorded: RecordedOperation, request: Json): boolean {
  const { isLoose, type, settled, effect } = recorded
  if (!isLoose || !OUTWARD.has(type) || recorded.request === undefined) return false
  const isDone = settled !== null || effect !== null || type === 'child'
  return isDone && canonicalJson(recorded.request) !== canonicalJson(request)
}

/** As `isKeptOtherwise`, for an operation of a run that goes on. */
export function refusalOfKept(log: EventLog, run: string, operation: Operation): HoldfastError | null {
  if (!OUTWARD.has(operation.type)) return null
  const recorded = readRecord(log, run).operations.get(operation.name)
  if (recorded === undefined || !isKeptOtherwise(recorded, requestOf(operation, run))) return null
  return keptOtherwise(run, operation)
}

export function keptOtherwise(run: string, { name, type }: Operation): HoldfastError {
  return new HoldfastError(
    'RETRY_CHANGED',
    `Run ${run} asks for the ${type} "${name}" with another input than it was done with before the run was reopened`,
    { details: { run, name } },
  )
}
