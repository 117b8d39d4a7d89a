/** Retention takes what runs held that have ended, with all that they were called by, and nothing of others. */
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

export class Erasures implements Invariant {
  readonly runs = new Set<string>()
  /** Also those of which a part was erased, as it told of somebody. */
  readonly touched = new Set<string>()
  /** Of all that was erased. */
  readonly positions = new Set<number>()
  readonly #parents = new Map<string, string>()
  readonly #ended = new Set<string>()
  /** By position, of the streams of runs. */
  readonly #streams = new Map<number, string>()

  see(event: StoredEvent): void {
    const { kind, body, position } = event
    const run = runOf(event)
    if (kind === 'bodies.erased') this.#erase(body ?? {})
    if (run === null) return
    this.#streams.set(position, run)
    const parent = body?.parent as { readonly run: string } | null | undefined
    if (kind === 'run.started' && parent != null) this.#parents.set(run, parent.run)
    if (RUN_ENDS.has(kind)) this.#ended.add(run)
    else if (kind === 'run.reopened') this.#reopen(run)
  }

  end(): void {}

  #erase({ runs, positions, mentions }: JsonObject): void {
    for (const run of runs as string[]) {
      for (let one: string | undefined = run; one !== undefined; one = this.#parents.get(one)) {
        if (!this.#ended.has(one))
          throw new Violation('erasures', `what ${run} held is erased, and ${one} has not ended`)
      }
      this.runs.add(run)
    }
    for (const position of positions as number[]) {
      this.positions.add(position)
      const run = this.#streams.get(position)
      if (run === undefined) continue
      this.touched.add(run)
      if (mentions !== true && !this.runs.has(run))
        throw new Violation('erasures', `event ${position} of ${run} is erased without it`)
    }
  }

  #reopen(run: string): void {
    if (this.runs.has(run)) throw new Violation('erasures', `${run} is reopened, and was erased`)
    this.#ended.delete(run)
  }
}
