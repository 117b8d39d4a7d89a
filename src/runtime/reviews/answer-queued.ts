/**
 * A run that was reopened may have to wait in the queue with its reviews: they are answered all the same. The answer
 * goes on record in its stream, and its code is given it once the run is admitted.
 */

import { isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent, StoredEvent } from '../../kernel/event.ts'
import { foldJournal, isOver } from '../../kernel/journal.ts'
import { labelOf } from '../../kernel/journal-label.ts'
import { OpenReservations } from '../../kernel/reservation.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, StreamAppend } from '../../ports/event-log.ts'
import type { Execution } from '../run/execution.ts'
import type { Review } from './review-index.ts'

/** The run as it is in this process; null for one that is queued. @throws RUN_NOT_FOUND, BODY_ERASED, HOLDFAST_CLOSED */
export async function executionOf(
  host: { execution(run: string): Promise<Execution> },
  run: string,
): Promise<Execution | null> {
  try {
    return await host.execution(run)
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'RUN_QUEUED') return null
    throw error
  }
}

/**
 * Without a label the answer gets that of the run. false when the review has an answer already, null when the run has
 * moved on meanwhile: admitted, answered or cancelled. @throws LOG_WRITE_FAILED, LOG_EPOCH_STALE, LOG_CLOSED
 */
export async function answerQueued(
  { log, clock }: { readonly log: EventLog; readonly clock: Pick<Clock, 'now'> },
  { run, name }: Pick<Review, 'run' | 'name'>,
  answer: Omit<NewEvent, 'label'> & Partial<Pick<NewEvent, 'label'>>,
  others: readonly StreamAppend[],
): Promise<boolean | null> {
  const stream = runStream(run)
  const past = log.readStream(stream)
  const journal = foldJournal(run, past)
  if (isOver(journal.entries.get(name))) return false
  const event = { label: labelOf(journal), ...answer }
  const events = withClosings(run, past, [event], clock.now())
  try {
    await log.append([{ stream, expectedVersion: journal.version, events }, ...others])
    return true
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'LOG_CONFLICT') return null
    throw error
  }
}

/** With what closes the reservations of the operator's time, as the writer of a run that is in the process does. */
export function withClosings(
  run: string,
  past: readonly StoredEvent[],
  events: readonly NewEvent[],
  now: number,
): readonly NewEvent[] {
  const open = OpenReservations.of(past)
  return open === null ? events : open.withClosings(foldJournal(run, past), events, now)
}

/** Why the run can't be answered, when that won't pass by itself. @throws what will */
export function toGone(error: unknown): string {
  if (isHoldfastError(error) && (error.code === 'BODY_ERASED' || error.code === 'RUN_NOT_FOUND'))
    return error.message
  throw error
}
