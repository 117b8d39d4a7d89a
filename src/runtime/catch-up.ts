/**
 * A resumed run catches up: its code is handed what the journal holds before anything new is begun. If the
 * code then asks for a new effect, review or child while the journal holds one that it has not asked for,
 * the code has changed under the run, perhaps only by a name, and going on might do a thing twice.
 */
import { effectOfReview } from '../kernel/effect-review.ts'
import type { Journal, JournalEntry } from '../kernel/journal.ts'
import type { Operation } from './operations.ts'

/** What must not be done twice under another name. */
const WEIGHTY: ReadonlySet<string> = new Set(['effect', 'review', 'child'])

export class CatchUp {
  readonly #journal: Journal
  readonly #asked = new Set<string>()
  #held: Operation[] | null

  constructor(journal: Journal) {
    this.#journal = journal
    this.#held = [...journal.entries.values()].some((entry) => entry.settled !== null) ? [] : null
  }

  /** Whether the operation is to wait until the code has been handed all that it asks for. */
  holds(operation: Operation): boolean {
    this.#held?.push(operation)
    return this.#held !== null
  }

  asks(name: string): void {
    if (this.#held !== null) this.#asked.add(name)
  }

  /** The code has come to rest: what is to be begun now; null when it had caught up before. */
  over(): readonly Operation[] | null {
    const held = this.#held
    this.#held = null
    return held
  }

  /** What the code has forgotten, with what it asks for instead; null when all is well. */
  lost(held: readonly Operation[]): { readonly recorded: JournalEntry; readonly asked: Operation } | null {
    const asked = held.find(({ type, name }) => WEIGHTY.has(type) && !this.#journal.entries.has(name))
    if (asked === undefined) return null
    const recorded = [...this.#journal.entries.values()].find(
      ({ type, name, settled }) =>
        settled !== null &&
        WEIGHTY.has(type) &&
        !this.#asked.has(name) &&
        !(type === 'review' && effectOfReview(name) !== null),
    )
    return recorded === undefined ? null : { recorded, asked }
  }
}
