/** `review approve --like ID`: which reviews are equals, and one answer for all of them. */
import { z } from 'zod'
import { HoldfastError } from '../../kernel/errors.ts'
import type { BatchAnswer } from '../../runtime/reviews/batch.ts'
import { type Alike, alike } from '../../runtime/reviews/likeness.ts'
import { findReview, waitingReviews } from '../../runtime/reviews/review-index.ts'
import { workspaceCommand } from './command.ts'
import { reviewNamed } from './find.ts'
import { type InboxItem, inboxItem } from './inbox-item.ts'
import { assertSendable } from './review-answer.ts'
import { noteShown } from './review-show.ts'
import { settled } from './settled.ts'

export interface Equals extends Omit<Alike, 'reviews'> {
  readonly reviews: readonly InboxItem[]
}

export const reviewEquals = workspaceCommand({
  name: 'review equals',
  params: z.union([
    z.strictObject({ like: z.string().min(1) }),
    z.strictObject({ agent: z.string().min(1), action: z.string().min(1) }),
  ]),
  advances: true,
  async run({ log }, params, io): Promise<Equals> {
    const waiting = waitingReviews(log.tables)
    const first =
      'like' in params
        ? reviewNamed(log.tables, params.like)
        : (waiting.find(isOf(params, true)) ?? waiting.find(isOf(params, false)))
    if (first === undefined || first.status !== 'waiting') throw noneWaits(params, first?.id)
    const { like, reviews, left } = alike(first, waiting)
    await noteShown(log, reviews, (note) => io.note(note))
    return { like, reviews: reviews.map((review) => inboxItem(log, review)), left }
  },
})

/** What has no warning is what the others are compared with, if there is such a one. */
function isOf({ agent, action }: { agent: string; action: string }, clean: boolean) {
  return (one: { workflow: string; action: string; warnings: readonly unknown[] }): boolean =>
    one.workflow === agent && one.action === action && (!clean || one.warnings.length === 0)
}

function noneWaits(params: object, ended: string | undefined): HoldfastError {
  if (ended !== undefined) {
    return new HoldfastError('REVIEW_ENDED', `Review ${ended} waits no more`, { details: { review: ended } })
  }
  return new HoldfastError('REVIEW_NOT_FOUND', 'No review of this agent and action waits', {
    details: { ...params },
  })
}

export interface BatchAnswered extends Omit<BatchAnswer, 'answered'> {
  readonly answered: readonly { readonly id: string; readonly run: string; readonly status: string }[]
}

export const reviewAnswerAll = workspaceCommand({
  name: 'review answer all',
  params: z.strictObject({
    /** Each with the hash of what was shown of it. */
    reviews: z.array(z.strictObject({ id: z.string().min(1), hash: z.string().min(1) })).min(1),
    verdict: z.enum(['approved', 'rejected']),
    reason: z.string().optional(),
  }),
  advances: true,
  async run({ holdfast, log }, { reviews, verdict, reason }, io): Promise<BatchAnswered> {
    for (const { id } of verdict === 'approved' ? reviews : []) assertSendable(findReview(log.tables, id))
    const answer = { verdict, way: 'cli', ...(reason === undefined ? {} : { reason }) }
    const { answered, ...rest } = await holdfast.desk.answerAll(reviews, answer)
    for (const { run } of answered) await settled(log, run, io.signal)
    return { ...rest, answered: answered.map(({ id, run, status }) => ({ id, run, status })) }
  },
})
