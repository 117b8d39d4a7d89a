/** What a program asks of an open workspace without changing it. */
import { type Explanation, explain } from '../observe/explain/explanation.ts'
import type { Holdfast } from '../runtime/holdfast.ts'
import { type ReplayReport, verifyRun as verifyByReplay } from '../runtime/replay/replay.ts'
import { type AnswerRecord, listAnswers } from '../runtime/reviews/answer-records.ts'
import { type Delegation, listDelegations } from '../runtime/reviews/delegation-index.ts'

/**
 * Why a run is where it is: what it waits for, since when, what happens next, and what a person can do.
 * @throws RUN_NOT_FOUND
 */
export function why({ log, runtime }: Holdfast, run: string): Explanation {
  return explain(log, run, { asked: (id) => runtime.resident(id)?.records.handover.asked })
}

/** Every answer to a review, the newest first: who, by which way, how much was changed, how long it took. */
export function answers({ log }: Holdfast, options: Parameters<typeof listAnswers>[1] = {}): AnswerRecord[] {
  return listAnswers(log.tables, options)
}

/** What was left to rules, in the order in which it was. */
export function delegations({ log }: Holdfast): Delegation[] {
  return listDelegations(log.tables)
}

/**
 * Runs the code of a run again on what is on record, and names the first place where they part. Does nothing and
 * records nothing.
 * @throws RUN_NOT_FOUND, BODY_ERASED, WORKFLOW_UNKNOWN
 */
export async function verifyRun({ log, runtime }: Holdfast, run: string): Promise<ReplayReport> {
  return await verifyByReplay(log, runtime.workflows, run)
}
