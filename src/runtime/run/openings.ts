/** What waits to be put on record until the code of a run has come to rest: what is opened, then what is given up. */
import type { NewEvent } from '../../kernel/event.ts'

export class Openings {
  readonly #opened: NewEvent[] = []
  readonly #abandoned: NewEvent[] = []

  open(event: NewEvent): void {
    this.#opened.push(event)
  }

  abandon(event: NewEvent): void {
    this.#abandoned.push(event)
  }

  /** All of it behind `notes`; the last carries `parks` if nothing else of the run is under way. */
  take(notes: readonly NewEvent[], parks: boolean): readonly NewEvent[] {
    if (notes.length + this.#opened.length + this.#abandoned.length === 0) return notes
    const all = [...notes, ...this.#opened.splice(0), ...this.#abandoned.splice(0)]
    const last = all.at(-1)
    if (parks && last !== undefined) all[all.length - 1] = { ...last, body: { ...last.body, parks: true } }
    return all
  }

  /** What was not done, and is known not to have been, stays known, though the code does not come to rest again. */
  takeUndone(): readonly NewEvent[] {
    return this.#opened.splice(0).filter(({ kind }) => kind === 'attempt.failed' || HELD.has(kind))
  }
}

const HELD: ReadonlySet<string> = new Set(['effect.held', 'undo.held'])
