/**
 * A resumed run catches up: its code is handed what the journal holds before anything new is begun.
 *
 * Code that is what it was asks, by the time it rests, for all that is on record: each operation was asked for
 * after outcomes that stand before it in the journal. So if it asks for something new and not for something
 * that was done, the code has changed under the run, perhaps only by a name, and going on might do a thing
 * twice. Timers and waits are left out of this: to sleep or to wait once more does no harm. So is what was only
 * taken out of the code, with nothing new asked for.
 */
import { effectOfReview } from '../../kernel/effect-review.ts'
import type { Journal, JournalEntry } from '../../kernel/journal.ts'
import type { Operation } from '../operations.ts'

/** What does nothing outside the run, however often it is done. */
const HARMLESS: ReadonlySet<string> = new Set(['timer', 'wait'])

export class CatchUp {
  readonly #journal: Journal
  #asked: Set<string> | null = null
  /** Names of what was begun but not over when the run was taken up, and the code has not come to yet. */
  readonly #open: Set<string> | null = null
  /** Version of the last outcome of that time that is for the code. */
  readonly #settledUpTo: number = 0
  #held: Operation[] | null = null

  constructor(journal: Journal) {
    this.#journal = journal
    if (journal.entries.size === 0) return
    const own = [...journal.entries.values()].filter((one) => !one.abandoned && !one.isLoose && !isInner(one))
    this.#open = new Set(own.filter(({ settled }) => settled === null).map(({ name }) => name))
    this.#settledUpTo = own.reduce((last, { settled }) => Math.max(last, settled?.version ?? 0), 0)
    if (!own.some(isDone)) return
    this.#held = []
    this.#asked = new Set()
  }

  /** Whether the operation is to wait until the code has been handed all that it asks for. */
  holds(operation: Operation): boolean {
    this.#held?.push(operation)
    return this.#held !== null
  }

  asks(name: string): void {
    this.#asked?.add(name)
    this.#open?.delete(name)
  }

  /** Whether the journal goes on behind the place that the code has come to, having seen that version. */
  isBehind(seen: number): boolean {
    return seen < this.#settledUpTo || (this.#open?.size ?? 0) > 0
  }

  /** The code has come to rest: what is to be begun now; null when it had caught up before. */
  over(): readonly Operation[] | null {
    const held = this.#held
    this.#held = null
    return held
  }

  /** What the code has forgotten, with what it asks for instead; null when all is well. */
  lost(held: readonly Operation[]): { readonly recorded: JournalEntry; readonly asked: Operation } | null {
    const asked = held.find(({ type, name }) => !HARMLESS.has(type) && !this.#journal.entries.has(name))
    if (asked === undefined) return null
    const recorded = [...this.#journal.entries.values()].find(
      (entry) =>
        isDone(entry) &&
        !entry.isLoose &&
        !HARMLESS.has(entry.type) &&
        !this.#asked?.has(entry.name) &&
        !isInner(entry),
    )
    return recorded === undefined ? null : { recorded, asked }
  }
}

/** Settled, or begun so that it can't be taken back. */
function isDone({ type, opened, settled }: JournalEntry): boolean {
  return settled !== null || (opened !== null && (type === 'effect' || type === 'child' || type === 'review'))
}

/** Asked for by an effect, not by the code; the effect itself need not be on record yet. */
function isInner({ type, name }: JournalEntry): boolean {
  return type === 'review' && effectOfReview(name) !== null
}
