/**
 * What is taken of budgets at this moment: by what is on record, and by what was allowed just now and is still on its
 * way there. Two decisions of one turn, or many before a commit, so never see the same room.
 *
 * A crash forgets what was not on record: nothing of it was begun. What is given up before it gets there is forgotten
 * by `forgo`. Once a commit holds it, the tables know it.
 */

import type { StoredEvent } from '../kernel/event.ts'
import type { Closed, Hold } from '../kernel/reservation.ts'
import { runOf } from '../kernel/run-stream.ts'
import type { TablesReader } from '../ports/projection.ts'
import { takenOnRecord } from './budget-index.ts'
import { placeKey, type Taken, type TakenOf } from './budgets.ts'

/** How a part is told of every commit. */
export type OnCommit = (listener: (events: readonly StoredEvent[]) => void) => unknown

export class Reservations {
  readonly #onRecord: TakenOf
  /** By run, then by name of the operation. */
  readonly #underWay = new Map<string, Map<string, readonly Hold[]>>()
  /** What is under way of each budget, by its place. */
  readonly #sums = new Map<string, number>()

  /** Called whenever something is reserved. */
  onReserved: () => void = () => {}

  /** Without `onCommit`, what was allowed counts as under way for good. */
  constructor(tables: TablesReader, onCommit: OnCommit = () => {}) {
    this.#onRecord = takenOnRecord(tables)
    onCommit((events) => {
      if (this.#underWay.size > 0) this.#committed(events)
    })
  }

  readonly taken: TakenOf = (place): Taken => {
    const { spent, most } = this.#onRecord(place)
    return { spent: spent + (this.#sums.get(placeKey(place)) ?? 0), most }
  }

  reserve(run: string, name: string, holds: readonly Hold[]): void {
    if (holds.length === 0) return
    this.forgo(run, name)
    const ofRun = this.#underWay.get(run) ?? new Map<string, readonly Hold[]>()
    this.#underWay.set(run, ofRun.set(name, holds))
    for (const hold of holds) this.#add(hold, hold.amount)
    this.onReserved()
  }

  /** What closes it takes more than still was reserved, as after it has expired: that counts before the commit. */
  closing(run: string, name: string, amounts: readonly Closed[]): void {
    const over = amounts.map(({ reserved, settled, ...place }) => ({ ...place, amount: settled - reserved }))
    this.overrun(
      run,
      name,
      over.filter(({ amount }) => amount > 0),
    )
  }

  /** What came to more than was reserved counts at once, until it is on record as settled. */
  overrun(run: string, name: string, holds: readonly Hold[]): void {
    this.reserve(run, overrunOf(name), holds)
  }

  /** Of one operation of the run, or of all of them. */
  forgo(run: string, name?: string): void {
    const ofRun = this.#underWay.get(run)
    if (ofRun === undefined) return
    for (const one of name === undefined ? [...ofRun.keys()] : [name]) {
      for (const hold of ofRun.get(one) ?? []) this.#add(hold, -hold.amount)
      ofRun.delete(one)
    }
    if (ofRun.size === 0) this.#underWay.delete(run)
  }

  #committed(events: readonly StoredEvent[]): void {
    for (const { kind, stream, body } of events) {
      // What has expired may be closed by an event that is still on its way.
      if (!kind.startsWith('budget.') || kind === 'budget.expired') continue
      const name = String(body?.for)
      this.forgo(runOf(stream), kind === 'budget.reserved' ? name : overrunOf(name))
    }
  }

  #add(place: Hold, amount: number): void {
    const key = placeKey(place)
    const sum = (this.#sums.get(key) ?? 0) + amount
    if (sum === 0) this.#sums.delete(key)
    else this.#sums.set(key, sum)
  }
}

function overrunOf(name: string): string {
  return `${name}\noverrun`
}
