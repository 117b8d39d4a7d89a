/** How a run that had failed was taken up again, or settled, as its story tells it. */
import type { ErrorRecord } from '../kernel/errors.ts'
import type { StoredEvent } from '../kernel/event.ts'
import { RUN_ENDS } from '../kernel/journal.ts'
import { readReopening } from '../kernel/reopening.ts'

export interface StoryReopening {
  readonly position: number
  readonly time: number
  readonly by: string
  /** The operation that it went on from; null where its code had failed by itself, or it came with its parent. */
  readonly from: string | null
  /** Names of what was done again. */
  readonly again: readonly string[]
  /** What it had ended with; null once that was erased. */
  readonly error: ErrorRecord | null
}

export interface StoryDiscard {
  readonly time: number
  readonly by: string
  readonly reason: string
}

export function reopeningsOf(events: readonly StoredEvent[]): StoryReopening[] {
  return events.flatMap(({ kind, body, position, time, actor }, i) => {
    if (kind !== 'run.reopened') return []
    const end = events.slice(0, i).findLast((event) => RUN_ENDS.has(event.kind))
    const { from, voided } = readReopening(body ?? {})
    const error = (end?.body?.error as unknown as ErrorRecord | undefined) ?? null
    return [{ position, time, by: actor, from, again: voided, error }]
  })
}

export function discardOf(events: readonly StoredEvent[]): StoryDiscard | null {
  const last = events.at(-1)
  if (last?.kind !== 'run.discarded') return null
  return { time: last.time, by: last.actor, reason: String(last.body?.reason ?? '') }
}
