/** Runs that can't go on, for the operator to know of; of those that failed an alert tells. */
import type { TablesReader } from '../../ports/projection.ts'

/** null when there are none. */
export function stalledText(tables: TablesReader): string | null {
  const counted = tables.get<{ n: number }>("SELECT count(*) AS n FROM runs WHERE status = 'stalled'")
  const stalled = counted?.n ?? 0
  return stalled === 0
    ? null
    : `Runs that need a look: ${stalled} stalled: \`holdfast runs --status stalled\``
}
