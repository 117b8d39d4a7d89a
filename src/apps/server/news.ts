/** What happens in a workspace while it is served, in one line each. */

import type { StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { runStream } from '../../kernel/run-stream.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { findReview } from '../../runtime/reviews/review-index.ts'
import { messageOf } from '../commands/inbox-item.ts'

export interface News {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly what: 'review' | 'closed' | 'sent' | 'unreadable' | 'stuck'
  readonly text: string
  readonly run: string | null
  /** The review that waits. */
  readonly review: string | null
}

/** null for what is no news to the operator. */
export function newsOf(log: EventLog, event: StoredEvent): News | null {
  const { kind, time, stream } = event
  const body = event.body ?? {}
  const run = stream.startsWith(runStream('')) ? stream.slice(runStream('').length) : null
  const news = (what: News['what'], text: string, review: string | null = null): News => ({
    time,
    what,
    text,
    run,
    review,
  })
  switch (kind) {
    case 'review.requested':
      if ((body.autonomy as JsonObject | undefined)?.by === 'autonomy') return null
      return news('review', `${body.summary}`, String(body.review))
    case 'review.returned':
    case 'review.expired':
      return aboutReview(log, kind, String(body.review), news)
    case 'effect.succeeded':
      return sentText(log, event, news)
    case 'run.completed':
      return news('closed', `${aboutOf(log, event)}: ${outcomeText(body.output as JsonObject | null)}`)
    case 'run.failed':
    case 'run.stalled': {
      const { code, message } = (body.error ?? {}) as { code?: string; message?: string }
      return news('stuck', `${aboutOf(log, event)}: ${code}: ${message}`)
    }
    case 'message.skipped':
      return news('unreadable', `${body.ref}: ${(body.error as { message?: string } | null)?.message}`)
    default:
      return null
  }
}

/** null when it was answered at that very moment. */
function aboutReview(
  log: EventLog,
  kind: string,
  id: string,
  news: (what: News['what'], text: string, review: string) => News,
): News | null {
  const review = findReview(log.tables, id)
  const why = kind === 'review.returned' ? 'is back' : 'its deadline has passed'
  return review.status === 'waiting' ? news('review', `${why}: ${review.summary}`, id) : null
}

function sentText(
  log: EventLog,
  event: StoredEvent,
  news: (what: News['what'], text: string) => News,
): News | null {
  const { name, output } = event.body ?? {}
  if (typeof (output as JsonObject | null)?.messageId !== 'string') return null
  const intended = log
    .readStream(event.stream)
    .findLast(({ kind, body }) => kind === 'effect.intended' && body?.name === name)
  const { to = [], subject = '' } = (intended?.body?.input ?? {}) as {
    to?: { address: string }[]
    subject?: string
  }
  return news('sent', `to ${to.map(({ address }) => address).join(', ')}: “${subject}”`)
}

/** The mail that a run is about: who wrote it, and its subject. */
function aboutOf(log: EventLog, { stream }: StoredEvent): string {
  const message = messageOf(log, log.readStream(stream))
  if (message === null) return stream
  return `${message.from.name || message.from.address} “${message.subject}”`
}

function outcomeText(output: JsonObject | null | undefined): string {
  const { outcome, kind } = output ?? {}
  return outcome === 'not-a-lead' && kind ? `${kind}` : `${outcome ?? 'done'}`
}
