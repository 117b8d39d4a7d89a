/**
 * One answer for several reviews, in one commit: all of them are answered, or none is.
 *
 * A run that is in the process writes its own answer, as always, and all of these join one append. A run that is not is
 * not brought in for it: its answer is put at the end of its stream on condition that nothing else was, and it is woken
 * afterwards. Should it have come in while the commit was under way, it has no answer, and starts over from its journal.
 */

import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import { isOver } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { OWNER } from '../../kernel/label.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type { Execution } from '../run/execution.ts'
import { JointAppend } from '../run/joint-append.ts'
import { isQueuedRun } from '../run-index.ts'
import type { Runtime } from '../runtime.ts'
import { withClosings } from './answer-queued.ts'
import type { Review } from './review-index.ts'

/** Why one of them could not be answered. */
export interface Unfit {
  readonly id: string
  readonly code: string
  readonly message: string
}

/** What became of one word for several reviews. */
export interface BatchAnswer {
  readonly batch: string
  readonly answered: readonly Review[]
}

/** An answer that was checked, and is to be put on record. */
export interface ReadyAnswer {
  readonly review: Review
  /** Of `review.answered`. */
  readonly body: JsonObject
}

type Host = Pick<Runtime, 'log' | 'clock' | 'resident' | 'wake'>

/**
 * All in one commit, durable once this resolves.
 * @throws REVIEW_BATCH_REFUSED when one was answered meanwhile, or its run ends; LOG_WRITE_FAILED. Then none is answered.
 */
export async function answerTogether(host: Host, answers: readonly ReadyAnswer[]): Promise<void> {
  const unfit = answers.flatMap(({ review }) => {
    return canBeAnswered(host, review)
      ? []
      : [{ id: review.id, code: 'REVIEW_ENDED', message: `Review ${review.id} was answered` }]
  })
  if (unfit.length > 0) throw refused(answers.length, unfit)
  crashPoint('review.before-answer')
  // From here to the commit in one turn: nothing else of these runs comes in between.
  const joint = new JointAppend()
  const away = new Map<string, NewEvent[]>()
  for (const { review, body } of answers) {
    const event = { kind: 'review.answered', actor: 'operator', label: OWNER, body }
    const here = host.resident(review.run)
    if (here !== undefined) here.settle(review.name, event, { joint }).catch(() => {})
    else away.set(review.run, [...(away.get(review.run) ?? []), event])
  }
  for (const [run, [first, ...rest]] of away) {
    if (first === undefined) continue
    const stream = runStream(run)
    // A run that is not in the process has parked or stalled: this wakes it, also after a crash. One that was reopened
    // and waits in the queue has its turn first.
    const waits = isQueuedRun(host.log.tables, run)
    const events = waits ? [first, ...rest] : [{ ...first, body: { ...first.body, wakes: true } }, ...rest]
    const closing = withClosings(run, host.log.readStream(stream), events, host.clock.now())
    void joint.append([{ stream, expectedVersion: host.log.versionOf(stream), events: closing }])
  }
  try {
    await joint.commit(host.log)
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'LOG_CONFLICT') throw error
    throw refused(answers.length, [{ id: '', code: error.code, message: 'One was answered meanwhile' }])
  }
  crashPoint('review.after-answer')
  for (const run of away.keys()) if (!isQueuedRun(host.log.tables, run)) goOn(host, run)
}

/** Of a run that is not in the process, the tables say so now, and the commit whether it is so still. */
function canBeAnswered(host: Host, { id, run, name }: Review): boolean {
  const here = host.resident(run)
  if (here === undefined) {
    const row = host.log.tables.get<{ status: string }>('SELECT status FROM reviews WHERE id = ?', id)
    return row?.status === 'waiting'
  }
  const { isLetGo, writer } = here.records
  return !isLetGo && !writer.isEnding && !isOver(here.journal.entries.get(name))
}

function goOn(host: Host, run: string): void {
  const here: Execution | undefined = host.resident(run)
  if (here === undefined) host.wake(run)
  else if (here.journal.version < host.log.versionOf(runStream(run))) {
    here.drop(new HoldfastError('LOG_CONFLICT', `Run ${run} was answered while it came in`))
  }
}

export function refused(all: number, unfit: readonly Unfit[]): HoldfastError {
  const why = unfit.map(({ message, code }) => `${message} (${code})`).join('; ')
  return new HoldfastError(
    'REVIEW_BATCH_REFUSED',
    `None of ${all} reviews was answered: ${unfit.length} can't be: ${why}`,
    { details: { refused: unfit } },
  )
}
