/** `review ID approve|edit|reject|respond`: the operator's word, and what came of it. */

import { z } from 'zod'
import { checkedBy } from '../../autonomy/attention.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { draftedMail } from '../../mail/outgoing.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'
import { hashShown } from '../../runtime/reviews/shown.ts'
import type { Workspace } from '../workspace.ts'
import { type CommandIo, workspaceCommand } from './command.ts'
import { reviewNamed } from './find.ts'
import { type InboxItem, inboxItem } from './inbox-item.ts'
import { isLetter } from './letter-actions.ts'
import { noteShown } from './review-show.ts'
import { progressSince, type RunProgress, settled } from './settled.ts'
import { typedChanges } from './typed-changes.ts'

export interface Answered {
  readonly review: { readonly id: string; readonly action: string; readonly status: Review['status'] }
  readonly progress: RunProgress
  /** Of an item that was known to be bad, whether it was caught: nothing comes of it. null for a real review. */
  readonly check: 'caught' | 'missed' | null
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
    /** With `edited`: the same as text, read by the kinds of the fields; `input.to` is a part of the field `input`. */
    sets: z.array(z.tuple([z.string(), z.string()])).optional(),
    /** With `edited`: the alternative that is taken, 1 for the first. */
    alternative: z.int().min(1).optional(),
    /** With `responded`: what should be different. */
    instruction: z.string().min(1).optional(),
    reason: z.string().optional(),
    /** Of what was seen. Without it the answer is for what was shown last. */
    hash: z.string().optional(),
  }),
  advances: true,
  async run(workspace, { id, verdict, changes, sets, ...rest }, io): Promise<Answered> {
    const { log, holdfast } = workspace
    const asked = reviewNamed(log.tables, id)
    const base = rest.alternative === undefined ? asked : alternativeOf(asked, rest.alternative)
    const changed = { ...(changes as JsonObject | undefined), ...typedChanges(base, sets ?? []) }
    if (asked.status === 'waiting' && /^(approved|edited)$/.test(verdict)) assertSendable(base, changed)
    const answer = {
      verdict,
      ...(changes === undefined && sets === undefined ? {} : { changes: changed }),
      ...defined(rest),
      hash: rest.hash ?? hashShown(log.tables, asked),
      way: 'cli',
    }
    return await answering(workspace, asked.run, io, () => holdfast.answer(asked.id, answer))
  },
})

/** Does what answers a review, and tells what its run did then. */
export async function answering(
  { holdfast, log }: Pick<Workspace, 'holdfast' | 'log'>,
  run: string,
  io: CommandIo,
  answer: () => Promise<Review>,
): Promise<Answered> {
  const before = log.versionOf(runStream(run))
  const review = await answer()
  await settled(log, run, io.signal)
  const next = holdfast.reviews().find((one) => one.run === run)
  if (next !== undefined) await noteShown(log, [next], (note) => io.note(note))
  return {
    review: { id: review.id, action: review.action, status: review.status },
    progress: progressSince(log, run, before + 1),
    check: checkText(checkedBy(log.tables, review.id)),
    next: next === undefined ? null : inboxItem(log as EventLog, next),
  }
}

function alternativeOf(review: Review, number: number): Review {
  return { ...review, proposal: review.alternatives[number - 1]?.proposal ?? review.proposal }
}

function checkText(caught: boolean | null): Answered['check'] {
  return caught === null ? null : caught ? 'caught' : 'missed'
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

/** Without what was not given. */
export function defined<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>
}

/** @throws INPUT_INVALID when the mail could not leave like this: then the review stays open. */
export function assertSendable(
  { id, action, proposal }: Review,
  changes: Readonly<Record<string, unknown>> = {},
): void {
  if (!isLetter(action)) return
  const { error } = draftedMail.safeParse({ ...proposal, ...changes })
  if (error === undefined) return
  const wrong = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new HoldfastError('INPUT_INVALID', `It can't be sent like this: ${wrong.join('; ')}`, {
    details: { review: id, wrong },
    fix: `Nothing was answered. Edit it with \`holdfast review ${id} edit --set FIELD=VALUE\`.`,
  })
}
