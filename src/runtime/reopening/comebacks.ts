/** What a reopened run still waits for: its timers, waits and reviews, as they stood when it ended. */

import type { StoredEvent } from '../../kernel/event.ts'
import { nextFor } from '../../kernel/event-waits.ts'
import { type Journal, waitsSince } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'

/** For the body of its `run.reopened`. `journal` is the run's as it is once reopened. */
export function comingBack(journal: Journal, events: readonly StoredEvent[]): JsonObject {
  const open = [...journal.entries.values()].filter(
    ({ settled, abandoned }) => settled === null && !abandoned,
  )
  const timers: JsonObject[] = []
  const waits: JsonObject[] = []
  const reviews: string[] = []
  for (const { name, type, opened, retryAt } of open) {
    const since = (kind: string) =>
      events.findLast((event) => event.kind === kind && event.body?.name === name)?.time ?? 0
    if (retryAt !== null) timers.push({ name, at: retryAt, type: 'retry', since: since('attempt.failed') })
    if (opened === null) continue
    if (type === 'timer') {
      timers.push({ name, at: Number(opened.at), type: 'timer', since: since('timer.set') })
    } else if (type === 'review') reviews.push(String(opened.review))
    else if (type === 'wait') {
      const awaited = { kind: String(opened.kind), key: String(opened.key) }
      const next = nextFor(journal.eventWaits, awaited, waitsSince(journal))
      const after = next.position === null ? next.after : next.position - 1
      waits.push({ name, ...awaited, after, since: since('wait.started') })
      if (typeof opened.deadline === 'number') {
        timers.push({ name, at: opened.deadline, type: 'deadline', since: since('wait.started') })
      }
    }
  }
  return { timers, waits, reviews }
}
