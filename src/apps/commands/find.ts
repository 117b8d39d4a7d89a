/** Ids as they are typed: whole, or so much of their beginning that it is clear which is meant. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { TablesReader } from '../../ports/projection.ts'
import { findReview, type Review } from '../../runtime/reviews/review-index.ts'
import { runOf } from '../intake.ts'

/** Most ids that an error names. */
const MAX_NAMED = 5

/**
 * The id of the run with this id or beginning; the id of the message that started it does too.
 * @throws RUN_NOT_FOUND naming those that begin so when there are several.
 */
export function findRun(tables: TablesReader, typed: string): string {
  const text = typed.trim()
  for (const form of text === '' ? [] : [text, runOf(text)]) {
    const rows = beginningWith(tables, form)
    const exact = rows.find((id) => id === form)
    if (exact !== undefined) return exact
    if (rows.length === 1) return rows[0] as string
    if (rows.length > 1) {
      const named = rows.slice(0, MAX_NAMED).join(', ')
      throw new HoldfastError('RUN_NOT_FOUND', `Several runs begin with ${JSON.stringify(text)}: ${named}`, {
        details: { asked: text, runs: rows },
        fix: 'Type more of the id, so that only one run is meant.',
      })
    }
  }
  throw new HoldfastError('RUN_NOT_FOUND', `There is no run ${JSON.stringify(text)}`, {
    details: { asked: text },
  })
}

function beginningWith(tables: TablesReader, text: string): string[] {
  return tables
    .all<{ id: string }>(
      'SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT ?2',
      text,
      MAX_NAMED + 1,
    )
    .map(({ id }) => id)
}

/** A review by its id or the beginning of it, with or without `r-`. @throws REVIEW_NOT_FOUND */
export function reviewNamed(tables: TablesReader, typed: string): Review {
  const text = typed.trim().toLowerCase()
  return findReview(tables, /^[0-9a-f]{2,8}$/.test(text) ? `r-${text}` : text)
}
