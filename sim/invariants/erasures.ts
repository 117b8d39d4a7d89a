/** Retention takes what runs held that have ended, with all that they were called by, and nothing of others. */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

export class Erasures implements Invariant {
  readonly runs = new Set<string>()
  /** Of all that was erased. */
  readonly positions = new Set<number>()
  readonly #parents = new Map<string, string>()
  readonly #ended = new Set<string>()
  /** By position, of the streams of runs. */
  readonly #streams = new Map<number, string>()

  see(event: StoredEvent): void {
    const { kind, body, position } = event
    const run = runOf(event)
    if (kind === 'bodies.erased') this.#erase(body?.runs as string[], body?.positions as number[])
    if (run === null) return
    this.#streams.set(position, run)
    const parent = body?.parent as { readonly run: string } | null | undefined
    if (kind === 'run.started' && parent != null) this.#parents.set(run, parent.run)
    if (RUN_ENDS.has(kind)) this.#ended.add(run)
    else if (kind === 'run.reopened') this.#reopen(run)
  }

  end(): void {}

  #erase(runs: readonly string[], positions: readonly number[]): void {
    for (const run of runs) {
      for (let one: string | undefined = run; one !== undefined; one = this.#parents.get(one)) {
        if (!this.#ended.has(one))
          throw new Violation('erasures', `what ${run} held is erased, and ${one} has not ended`)
      }
      this.runs.add(run)
    }
    for (const position of positions) {
      this.positions.add(position)
      const run = this.#streams.get(position)
      if (run !== undefined && !this.runs.has(run))
        throw new Violation('erasures', `event ${position} of ${run} is erased without it`)
    }
  }

  #reopen(run: string): void {
    if (this.runs.has(run)) throw new Violation('erasures', `${run} is reopened, and was erased`)
    this.#ended.delete(run)
  }
}
