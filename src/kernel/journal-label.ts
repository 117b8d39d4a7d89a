/** What a run has seen, by its journal. */
import type { Journal } from './journal.ts'
import { joinLabels, type Label, SYSTEM } from './label.ts'

/** The join of all that the run has seen so far. */
export function labelOf({ start, entries }: Journal): Label {
  const seen = [...entries.values()].flatMap(({ settled }) => settled?.label ?? [])
  return seen.reduce((label, one) => joinLabels(label, one), start?.label ?? SYSTEM)
}
