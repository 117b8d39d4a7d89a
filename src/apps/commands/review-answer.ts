/** `review ID approve|edit|reject|respond`: the operator's word, and what came of it. */
import { z } from 'zod'
import { HoldfastError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { draftedMail } from '../../mail/outgoing.ts'
import type { Review } from '../../runtime/review-index.ts'
import { runStream } from '../../runtime/run-index.ts'
import { workspaceCommand } from './command.ts'
import { reviewNamed } from './find.ts'
import { type InboxItem, inboxItem } from './inbox-item.ts'
import { isLetter } from './letter-actions.ts'
import { progressSince, type RunProgress, settled } from './settled.ts'

export interface Answered {
  readonly review: { readonly id: string; readonly action: string; readonly status: Review['status'] }
  readonly progress: RunProgress
  /** The next review of the same run, if one waits: a new draft, a question about a failure. */
  readonly next: InboxItem | null
}

export const reviewAnswer = workspaceCommand({
  name: 'review answer',
  params: z.strictObject({
    id: z.string().min(1),
    verdict: z.enum(['approved', 'edited', 'rejected', 'responded']),
    /** With `edited`: the fields that change. */
    changes: z.record(z.string(), z.json()).optional(),
    /** With `responded`: what should be different. */
    instruction: z.string().min(1).optional(),
    reason: z.string().optional(),
    /** Of the proposal that was seen. */
    hash: z.string().optional(),
  }),
  advances: true,
  async run({ holdfast, log }, { id, verdict, changes, instruction, reason, hash }, io): Promise<Answered> {
    const asked = reviewNamed(log.tables, id)
    if (isLetter(asked.action) && asked.status === 'waiting' && /^(approved|edited)$/.test(verdict)) {
      assertSendable(asked, changes ?? {})
    }
    const before = log.versionOf(runStream(asked.run))
    const review = await holdfast.answer(asked.id, {
      verdict,
      ...(changes === undefined ? {} : { changes: changes as JsonObject }),
      ...(instruction === undefined ? {} : { instruction }),
      ...(reason === undefined ? {} : { reason }),
      ...(hash === undefined ? {} : { hash }),
    })
    await settled(log, review.run, io.signal)
    const next = holdfast.reviews().find(({ run }) => run === review.run)
    return {
      review: { id: review.id, action: review.action, status: review.status },
      progress: progressSince(log, review.run, before + 1),
      next: next === undefined ? null : inboxItem(log, next),
    }
  },
})

/** @throws INPUT_INVALID when the mail could not leave like this: then the review stays open. */
function assertSendable({ id, proposal }: Review, changes: Readonly<Record<string, unknown>>): void {
  const { error } = draftedMail.safeParse({ ...proposal, ...changes })
  if (error === undefined) return
  const wrong = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new HoldfastError('INPUT_INVALID', `It can't be sent like this: ${wrong.join('; ')}`, {
    details: { review: id, wrong },
    fix: `Nothing was answered. Edit it with \`holdfast review ${id} edit --set FIELD=VALUE\`.`,
  })
}
