/** Reviews whose deadline has passed and that go on waiting: what is put on record, and the alert that stands meanwhile. */
import { SYSTEM } from '../../kernel/label.ts'
import type { StreamAppend } from '../../ports/event-log.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { clearAlert, raiseAlert } from '../alert-index.ts'
import { REVIEW_STREAM, type Review } from './review-index.ts'

const OVERDUE = 'review-overdue'

/** @param why it is not what was asked for; null when it is */
export function expiredParts(
  { id, summary, deadline }: Review,
  becomes: 'keep' | 'escalate',
  why: string | null,
): StreamAppend[] {
  const expired = {
    stream: REVIEW_STREAM + id,
    expectedVersion: 'any' as const,
    events: [
      {
        kind: 'review.expired',
        actor: 'runtime',
        label: SYSTEM,
        body: { review: id, deadline, becomes, why },
      },
    ],
  }
  if (becomes === 'keep') return [expired]
  const by = new Date(deadline ?? 0).toISOString()
  const message = `Review ${id} (${summary}) was to be answered by ${by}${why === null ? '' : `; ${why}`}`
  return [expired, raiseAlert(OVERDUE, id, message)]
}

export function hasOverdueAlert(tables: TablesReader): boolean {
  return tables.get('SELECT 1 FROM alerts WHERE alert = ? LIMIT 1', OVERDUE) !== undefined
}

/** For the alerts of reviews that wait no more. */
export function clearedParts(tables: TablesReader): StreamAppend[] {
  return tables
    .all<{ subject: string }>(
      `SELECT subject FROM alerts WHERE alert = ?
       AND NOT EXISTS (SELECT 1 FROM reviews WHERE id = alerts.subject AND status = 'waiting')`,
      OVERDUE,
    )
    .map(({ subject }) => clearAlert(OVERDUE, subject))
}
