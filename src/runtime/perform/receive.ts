/** Published events and the waits of a run: which wait is given which, and what becomes of one given up. */
import { nextFor, openWaits } from '../../kernel/event-waits.ts'
import { abandonEntry, isOver, type Journal, receivedBy, waitsSince } from '../../kernel/journal.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { outsideSince, sinceBody } from '../../kernel/outside.ts'
import { firstPublished } from '../delivery/published-index.ts'
import type { Abandonable } from '../operations.ts'
import type { Execution } from '../run/execution.ts'
import { toReceived } from './publish.ts'

/** The oldest wait gets the first event. Called once too often, it does nothing. */
export function receiveEvents(execution: Execution, kind: string, key: string): void {
  const { journal, host } = execution
  for (const name of openWaits(journal.eventWaits, { kind, key })) {
    const { position, after } = nextFor(journal.eventWaits, { kind, key }, waitsSince(journal))
    const published = host.log.event(position ?? firstPublished(host.log.tables, kind, key, after) ?? 0)
    if (published === undefined) return
    const { label } = published
    const event = toReceived(published)
    const body = { name, event, ...sinceBody(outsideSince(published)) }
    execution.arrive(name, execution.event('wait.ended', body, { label }))
  }
}

/** What to put on record of a wait or timer that the code has given up; null where it is on record. */
export function abandonOperation(journal: Journal, operation: Abandonable): JsonObject | null {
  const { name } = operation
  const entry = journal.entries.get(name)
  if (entry?.abandoned) return null
  const returned = entry === undefined ? null : receivedBy(entry)
  if (entry !== undefined) abandonEntry(journal, entry)
  return operation.type === 'wait' ? { name, kind: operation.kind, key: operation.key, returned } : { name }
}

/** The time of a timer, of a wait's end or of a next attempt has come. */
export function timeIsUp(execution: Execution, name: string): void {
  const entry = execution.journal.entries.get(name)
  if (entry === undefined || isOver(entry)) return
  if (entry.type === 'timer') execution.arrive(name, execution.event('timer.fired', { name }))
  else if (entry.type === 'wait') execution.arrive(name, execution.event('wait.ended', { name, event: null }))
  else execution.retries.due(name)
}
