/** A chain goes on exactly once from each of its runs; a child goes with its parent, or outlives it, as was said. */
import type { Parent } from '../../src/kernel/children.ts'
import type { StoredEvent } from '../../src/kernel/event.ts'
import { RUN_ENDS } from '../../src/kernel/journal.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Invariant, runOf, Violation } from './invariant.ts'

export class Families implements Invariant {
  /** Run → the one it goes on as, as its end says. */
  readonly #next = new Map<string, string>()
  /** Run → the one that says it continues it. */
  readonly #continues = new Map<string, string>()
  /** Ended run → position of its end. */
  readonly #ends = new Map<string, number>()
  /** Run → position at which it was taken up again last. */
  readonly #reopened = new Map<string, number>()
  /** Children that are bound to their parent and have not ended. */
  readonly #bound = new Map<string, Parent>()
  /** Of all children that were ever bound. */
  readonly #bonds = new Map<string, Parent>()

  see(event: StoredEvent): void {
    const run = runOf(event)
    if (run === null || event.body === null) return
    if (event.kind === 'run.started') this.#start(run, event.body)
    if (event.kind === 'run.reopened') this.#reopen(run, event.position)
    if (!RUN_ENDS.has(event.kind)) return
    this.#bound.delete(run)
    this.#ends.set(run, event.position)
    if (event.kind === 'run.continued') this.#next.set(run, String(event.body.next))
  }

  #start(run: string, { parent, continued }: JsonObject): void {
    const bond = parent as unknown as Parent | null
    if (bond?.onParentClose === 'cancel') {
      this.#bound.set(run, bond)
      this.#bonds.set(run, bond)
    }
    if (continued === undefined) return
    const before = String(continued)
    if (this.#continues.has(before))
      throw new Violation('chain-once', `${before} goes on as ${this.#continues.get(before)} and as ${run}`)
    this.#continues.set(before, run)
  }

  #reopen(run: string, position: number): void {
    this.#ends.delete(run)
    this.#reopened.set(run, position)
    const bond = this.#bonds.get(run)
    if (bond !== undefined) this.#bound.set(run, bond)
  }

  /** Open children whose parent has ended since, for good and not by going on as the next run. */
  orphans(): string[] {
    return [...this.#bound].flatMap(([child, { run, mode }]) => {
      const end = this.#ends.get(mode === 'call' ? run : this.#lastOf(run))
      return end === undefined || end < (this.#reopened.get(child) ?? 0) ? [] : [child]
    })
  }

  #lastOf(run: string): string {
    let last = run
    for (let next = this.#next.get(last); next !== undefined; next = this.#next.get(last)) last = next
    return last
  }

  end(): void {
    for (const [run, next] of this.#next) {
      if (this.#continues.get(run) !== next)
        throw new Violation('chain-once', `${run} goes on as ${next}, and ${next} was not started by it`)
    }
    for (const [before, run] of this.#continues) {
      if (this.#next.get(before) !== run)
        throw new Violation('chain-once', `${run} continues ${before}, and that does not go on as it`)
    }
  }
}
