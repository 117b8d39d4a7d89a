/** `review ID`: a review whole, with the mail that it is about. */
import { z } from 'zod'
import type { Attachment } from '../../mail/message.ts'
import type { Review } from '../../runtime/review-index.ts'
import { runStream } from '../../runtime/run-index.ts'
import { logCommand } from './command.ts'
import { reviewNamed } from './find.ts'
import { type BriefMessage, briefMessage, type InboxItem, inboxItem, messageOf } from './inbox-item.ts'

export interface ShownReview extends InboxItem {
  readonly status: Review['status']
  readonly message: ShownMessage | null
}

export interface ShownMessage extends BriefMessage {
  /** What its writer wrote this time, without quotes and signature. */
  readonly text: string
  readonly signature: string
  readonly attachments: readonly Attachment[]
  /** What is odd about it, in words. */
  readonly oddities: readonly string[]
}

export const reviewShow = logCommand({
  name: 'review show',
  params: z.strictObject({ id: z.string().min(1) }),
  async run({ log }, { id }): Promise<ShownReview> {
    const review = reviewNamed(log.tables, id)
    const message = messageOf(log, log.readStream(runStream(review.run)))
    return {
      ...inboxItem(log, review),
      status: review.status,
      message: message && {
        ...briefMessage(message),
        text: message.fresh || message.text,
        signature: message.signature,
        attachments: message.attachments,
        oddities: message.oddities,
      },
    }
  },
})
