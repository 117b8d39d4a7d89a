/** What an explanation is made from. */
import type { StoredEvent } from '../../kernel/event.ts'
import type { Journal, RunStatus } from '../../kernel/journal.ts'
import type { TablesReader } from '../../ports/projection.ts'
import type { Explanation } from './explanation.ts'

export interface RunRow {
  readonly id: string
  readonly workflow: string
  readonly version: number
  readonly status: RunStatus
  /** Milliseconds since 1970 of the last change of the status. */
  readonly updated: number
  readonly errorCode: string | null
}

export interface Facts {
  readonly tables: TablesReader
  readonly run: RunRow
  readonly events: readonly StoredEvent[]
  readonly journal: Journal
  /** Names of what the code asks for at this moment; undefined where the run is not in this process. */
  readonly asked: readonly string[] | undefined
  /** Of another run; null where that leads too far. */
  explain(run: string): Explanation | null
}

/** Positions of the last events of these kinds about an operation. */
export function positionsOf({ events }: Facts, name: string, ...kinds: readonly string[]): number[] {
  return kinds.flatMap((wanted) => {
    const found = events.findLast(({ kind, body }) => kind === wanted && body?.name === name)
    return found === undefined ? [] : [found.position]
  })
}

export function lastOf({ events }: Facts, name: string, wanted: string): StoredEvent | undefined {
  return events.findLast(({ kind, body }) => kind === wanted && body?.name === name)
}
