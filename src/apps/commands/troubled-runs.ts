/** Runs that did not come to a good end, for the operator to know of. */
import type { TablesReader } from '../../ports/projection.ts'

export interface Troubled {
  /** In the last 7 days. */
  readonly failed: number
  /** Now, since whenever. */
  readonly stalled: number
}

const LATELY_MS = 7 * 86_400_000

/** @param now milliseconds since 1970 */
export function countTroubled(tables: TablesReader, now: number): Troubled {
  const counted = tables.get<{ failed: number; stalled: number }>(
    `SELECT count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE status = 'stalled') AS stalled
     FROM runs WHERE status = 'stalled' OR (status = 'failed' AND updated >= ?)`,
    now - LATELY_MS,
  )
  return { failed: counted?.failed ?? 0, stalled: counted?.stalled ?? 0 }
}

/** null when there are none. */
export function troubleText({ failed, stalled }: Troubled): string | null {
  const parts = [
    ...(failed > 0 ? [`${failed} failed in the last 7 days: \`holdfast runs --status failed\``] : []),
    ...(stalled > 0 ? [`${stalled} stalled: \`holdfast runs --status stalled\``] : []),
  ]
  return parts.length === 0 ? null : `Runs that need a look: ${parts.join('; ')}`
}
