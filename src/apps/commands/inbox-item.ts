/** A review as the operator's lists show it: with the customer, and the mail that it is about. */

import type { CheckInput } from '../../autonomy/attention.ts'
import { briefCustomer } from '../../customers/read.ts'
import { ATTENTION_CHECK } from '../../kernel/attention.ts'
import { isHoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { expiryOf } from '../../kernel/review.ts'
import { runStream } from '../../kernel/run-stream.ts'
import { readMessage } from '../../mail/mail-index.ts'
import type { Address, MailMessage } from '../../mail/message.ts'
import { type RunCost, runCost } from '../../observe/run-cost.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Review } from '../../runtime/reviews/review-index.ts'
import { isLetter } from './letter-actions.ts'

export interface InboxItem {
  readonly id: string
  readonly action: string
  readonly customer: { readonly id: string; readonly name: string; readonly address: string } | null
  readonly run: string
  readonly workflow: string
  readonly segment: string | null
  readonly summary: string
  readonly reason: string
  /** 0 to 1, as the agent says. */
  readonly confidence: number
  /** What that was worth so far, by the operator's answers; null while there are too few of them. */
  readonly calibrated: number | null
  /** What is done when it is approved. */
  readonly proposal: JsonObject
  /** Of each field its kind, whether an edit can change it, and where it comes from. */
  readonly fields: Review['fields']
  readonly alternatives: Review['alternatives']
  /** Of the operation that it leads to; null where the workflow does not say. */
  readonly risk: Review['risk']
  /** What its run has cost so far. */
  readonly cost: RunCost
  readonly evidence: readonly Json[]
  readonly warnings: readonly Json[]
  /** Milliseconds since 1970. */
  readonly requested: number
  readonly deadline: number | null
  /** What really happens when nobody has answered by the deadline. */
  readonly onExpiry: Review['onExpiry']
  readonly overdue: boolean
  readonly snoozedUntil: number | null
  /** Give it back with the answer to be sure that it is for this very proposal. */
  readonly hash: string
  /** `hot`, `warm`, `cold`; null for what is no mail to a lead. */
  readonly quality: string | null
  /** The mail that it is about; null when there is none, or it was erased. */
  readonly message: BriefMessage | null
}

export interface BriefMessage {
  readonly id: string
  readonly from: Address
  readonly subject: string
  /** ISO 8601, as its writer says; null when it does not. */
  readonly date: string | null
}

export function inboxItem(log: EventLog, review: Review): InboxItem {
  const { position: _, name: __, status: ___, customer, autonomy, ...shown } = review
  const { action, run, risk, warnings, onExpiry } = review
  const about = aboutRun(log, run)
  const message = messageOf(log, about)
  const { calibrated } = knownBad(log.readStream(runStream(run)))?.shown ?? autonomy ?? {}
  return {
    ...shown,
    calibrated: typeof calibrated === 'number' ? calibrated : null,
    customer: customer === null ? null : briefCustomer(log.tables, customer),
    onExpiry: expiryOf(onExpiry, risk, warnings.length).becomes,
    cost: runCost(about),
    quality: isLetter(action) ? qualityOf(about) : null,
    message: message && briefMessage(message),
  }
}

/** The events of a run; of a known-bad item those of the run that it is made of, so that it looks like that. */
export function aboutRun(log: EventLog, run: string): readonly StoredEvent[] {
  const events = log.readStream(runStream(run))
  const item = knownBad(events)
  return item === null ? events : log.readStream(runStream(item.source))
}

function knownBad(events: readonly StoredEvent[]): CheckInput | null {
  const { workflow, input = null } = events[0]?.body ?? {}
  return workflow === ATTENTION_CHECK ? (input as CheckInput | null) : null
}

/** The mail that a run was started for; null when there is none, or it was erased. */
export function messageOf(log: EventLog, events: readonly StoredEvent[]): MailMessage | null {
  const input = events[0]?.body?.input as JsonObject | null | undefined
  if (typeof input?.message !== 'string') return null
  try {
    return readMessage(log, input.message)
  } catch (error) {
    if (isHoldfastError(error)) return null
    throw error
  }
}

export function briefMessage({ id, from, subject, date }: MailMessage): BriefMessage {
  return { id, from, subject, date }
}

/** What a run decided about the quality of its lead. */
function qualityOf(events: readonly StoredEvent[]): string | null {
  const answers = events
    .filter(({ kind }) => kind === 'decision.made')
    .map(({ body }) => (body?.answer as JsonObject | null | undefined)?.quality)
  return (
    (answers.find((quality) => typeof quality === 'string' && quality !== 'none') as string | null) ?? null
  )
}
