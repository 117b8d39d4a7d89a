/**
 * The lanes that can be served, and whose turn it is: the highest priority first; among equals the workflow that
 * was served longest ago, and of its lanes likewise. So ten thousand runs of one workflow do not hold up one
 * run of another. One turn in eight goes to the lane whose first run has waited longest, whatever its
 * priority: nobody starves.
 */
import type { QueueRow } from './queue-rows.ts'

/** One turn in so many is by age. */
const BY_AGE = 8

export interface Lane {
  readonly name: string
  readonly workflow: string
  readonly priority: number
  /** The first of its runs; more are read when these are taken. */
  rows: QueueRow[]
  served: number
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #served = new Map<string, number>()
  #turn = 0

  get size(): number {
    return this.#lanes.size
  }

  has(name: string): boolean {
    return this.#lanes.has(name)
  }

  add(rows: QueueRow[]): void {
    const [first] = rows
    if (first === undefined) return
    const { lane: name, workflow, priority } = first
    this.#lanes.set(name, { name, workflow, priority, rows, served: 0 })
  }

  delete(name: string): void {
    this.#lanes.delete(name)
  }

  clear(): void {
    this.#lanes.clear()
  }

  /** The lane to be left out first when there is no room for all. */
  lowest(): Lane | undefined {
    return this.#best((a, b) => b.priority - a.priority || positionOf(b) - positionOf(a))
  }

  /** Whose turn it is. */
  next(): Lane | undefined {
    if (this.#turn % BY_AGE === BY_AGE - 1) return this.#best((a, b) => positionOf(b) - positionOf(a))
    return this.#best(
      (a, b) =>
        a.priority - b.priority ||
        this.#servedAt(b) - this.#servedAt(a) ||
        b.served - a.served ||
        positionOf(b) - positionOf(a),
    )
  }

  /** The first run of the lane has been admitted. */
  take(lane: Lane): void {
    this.#turn += 1
    lane.served = this.#turn
    this.#served.set(lane.workflow, this.#turn)
    lane.rows.shift()
  }

  #servedAt({ workflow }: Lane): number {
    return this.#served.get(workflow) ?? 0
  }

  #best(compare: (a: Lane, b: Lane) => number): Lane | undefined {
    let best: Lane | undefined
    for (const lane of this.#lanes.values()) if (best === undefined || compare(lane, best) > 0) best = lane
    return best
  }
}

function positionOf({ rows }: Lane): number {
  return rows[0]?.position ?? Number.MAX_SAFE_INTEGER
}
