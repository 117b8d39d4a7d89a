/** `review ID snooze` and `review ID delegate`, `delegations`, `delegation revoke`: what the operator says for later. */
import { z } from 'zod'
import { durationMs } from '../../kernel/duration.ts'
import { HoldfastError, isHoldfastError } from '../../kernel/errors.ts'
import { type Delegation, findDelegation, listDelegations } from '../../runtime/reviews/delegation-index.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'
import { hashShown } from '../../runtime/reviews/shown.ts'
import { workspaceCommand } from './command.ts'
import { reviewNamed } from './find.ts'
import { type Answered, answering, assertSendable, defined } from './review-answer.ts'

export interface Snoozed {
  readonly review: string
  /** Milliseconds since 1970. */
  readonly until: number
}

export const reviewSnooze = workspaceCommand({
  name: 'review snooze',
  params: z.strictObject({
    id: z.string().min(1),
    /** `2h`, `3 days`, `2026-03-01`, `2026-03-01T09:30`. */
    until: z.string().min(1),
  }),
  advances: true,
  async run({ holdfast, log }, { id, until }): Promise<Snoozed> {
    const review = reviewNamed(log.tables, id)
    const at = timeAhead(until, holdfast.runtime.clock.now())
    const { snoozedUntil } = await holdfast.desk.snooze(review.id, at)
    return { review: review.id, until: snoozedUntil ?? at }
  },
})

export interface Delegated extends Answered {
  readonly delegation: Delegation
}

export const reviewDelegate = workspaceCommand({
  name: 'review delegate',
  params: z.strictObject({
    id: z.string().min(1),
    /** For whom: only the customer or the segment of this review, or all of its workflow and action. */
    for: z.enum(['customer', 'segment', 'all']),
    /** Fields that must have the same value. */
    same: z.array(z.string()).optional(),
    /** As of `review snooze`. */
    until: z.string().min(1).optional(),
    most: z.int().min(1).optional(),
    reason: z.string().optional(),
    hash: z.string().optional(),
  }),
  advances: true,
  async run(workspace, { id, hash, until, ...options }, io): Promise<Delegated> {
    const { holdfast, log } = workspace
    const asked: Review = reviewNamed(log.tables, id)
    if (asked.status === 'waiting') assertSendable(asked)
    const { for: whom, ...rest } = options
    const scope = {
      customer: whom === 'customer',
      segment: whom === 'segment',
      ...defined(rest),
      ...(until === undefined ? {} : { until: timeAhead(until, holdfast.runtime.clock.now()) }),
    }
    const bound = { hash: hash ?? hashShown(log.tables, asked), way: 'cli' }
    let delegation = ''
    const answered = await answering(workspace, asked.run, io, async () => {
      const delegated = await holdfast.desk.delegate(asked.id, scope, bound)
      delegation = delegated.delegation.id
      return delegated.review
    })
    return { ...answered, delegation: findDelegation(log.tables, delegation) }
  },
})

export const delegations = workspaceCommand({
  name: 'delegations',
  params: z.strictObject({}),
  advances: true,
  run: async ({ log }): Promise<Delegation[]> => listDelegations(log.tables),
})

export const delegationRevoke = workspaceCommand({
  name: 'delegation revoke',
  params: z.strictObject({ id: z.string().min(1), reason: z.string().optional() }),
  advances: true,
  run: async ({ holdfast }, { id, reason }): Promise<Delegation> =>
    await holdfast.desk.revoke(id, reason ?? null),
})

/** A length of time from now, or a day or moment in the time zone of this machine. @throws INPUT_INVALID */
export function timeAhead(text: string, now: number): number {
  try {
    return now + durationMs(text)
  } catch (error) {
    if (!isHoldfastError(error)) throw error
  }
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text.trim())
  const at = Date.parse(isDay ? `${text.trim()}T00:00` : text.trim())
  if (!Number.isNaN(at)) return at
  throw new HoldfastError(
    'INPUT_INVALID',
    `${JSON.stringify(text)} is neither a length of time nor a moment`,
    {
      details: { text },
      fix: "Such as '2h', '3 days', '2026-03-01' or '2026-03-01T09:30'.",
    },
  )
}
