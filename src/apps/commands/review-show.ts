/** `review ID`: a review whole, with the mail that it is about. It is noted that it was shown. */
import { z } from 'zod'
import { isHoldfastError } from '../../kernel/errors.ts'
import type { Attachment } from '../../mail/message.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { type AnswerRecord, answerOf } from '../../runtime/reviews/answer-records.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'
import { shownParts } from '../../runtime/reviews/shown.ts'
import { logCommand } from './command.ts'
import { reviewNamed } from './find.ts'
import {
  aboutRun,
  type BriefMessage,
  briefMessage,
  type InboxItem,
  inboxItem,
  messageOf,
} from './inbox-item.ts'

export interface ShownReview extends InboxItem {
  readonly status: Review['status']
  readonly message: ShownMessage | null
  /** Who answered it, when, by which way and how; null while it waits. */
  readonly answer: AnswerRecord | null
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
  async run({ log }, { id }, io): Promise<ShownReview> {
    const review = reviewNamed(log.tables, id)
    const message = messageOf(log, aboutRun(log, review.run))
    await noteShown(log, [review], (note) => io.note(note))
    return {
      ...inboxItem(log, review),
      status: review.status,
      answer: answerOf(log.tables, review.id) ?? null,
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

/** An answer is bound to what was shown last, and what it takes is measured from here. */
export async function noteShown(
  log: EventLog,
  reviews: readonly Review[],
  note: (line: string) => void,
): Promise<void> {
  const waiting = reviews.filter(({ status }) => status === 'waiting')
  if (waiting.length === 0) return
  try {
    await log.append(shownParts(waiting, 'cli'))
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'LOG_WRITE_FAILED') throw error
    note(`It could not be noted that this was shown: ${error.message}`)
  }
}
