/** What customers' tables keep of erased bodies: that something happened, with whom and when, not what was said. */
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { idAt, sentMessageId } from './timeline.ts'

export function keptOf(event: StoredEvent): JsonObject | null {
  const { kind, body } = event
  const pick = (...names: readonly string[]): JsonObject =>
    Object.fromEntries(names.map((name) => [name, body?.[name] ?? null]))
  switch (kind) {
    case 'message.received':
      return {
        ...pick('customer'),
        message: { id: idAt(body, 'message', 'id'), messageId: idAt(body, 'message', 'messageId') },
      }
    case 'run.started':
      return { ...pick('workflow', 'customer'), parent: { run: idAt(body, 'parent', 'run') } }
    case 'run.completed':
    case 'run.failed':
    case 'run.cancelled':
      return {}
    case 'run.continued':
      return pick('next')
    case 'review.requested':
      return pick('action', 'review')
    case 'review.answered':
      return pick('verdict', 'review', 'by')
    case 'effect.succeeded':
      return sentMessageId(event) === ''
        ? pick('operation')
        : { ...pick('operation'), output: { messageId: sentMessageId(event) } }
    default:
      return null
  }
}
