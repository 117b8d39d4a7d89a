/**
 * The segment whose level a customer's proposals go by. A customer may be in many; it is the first that autonomy knows:
 * that the settings name, or that the operator has set a level or a ceiling for. So a segment that was made for a flag
 * takes no evidence away from the rest.
 */
import type { AutonomySettings } from '../ports/autonomy-settings.ts'
import type { TablesReader } from '../ports/projection.ts'
import type { AutonomyOptions } from './options.ts'
import { ALL } from './remit.ts'

export function segmentFor(
  customer: string | null,
  { segmentOf, segmentsOf, log, settings }: AutonomyOptions,
): string {
  if (segmentOf !== undefined) return segmentOf(customer)
  if (customer === null || segmentsOf === undefined) return ALL
  const known = knownSegments(settings(), log.tables)
  if (known.length === 0) return ALL
  const own = segmentsOf(customer)
  return known.find((segment) => own.includes(segment)) ?? ALL
}

/** In the order in which they are asked. */
function knownSegments({ segments, actions }: AutonomySettings, tables: TablesReader): string[] {
  const named = [...segments, ...actions.map(({ segment }) => segment)]
  const set = tables.all<{ segment: string }>(
    'SELECT DISTINCT segment FROM autonomy WHERE level IS NOT NULL OR ceiling IS NOT NULL ORDER BY segment',
  )
  const all = [...named, ...set.map(({ segment }) => segment)]
  return [...new Set(all)].filter((segment) => segment !== ALL && segment !== '*')
}
