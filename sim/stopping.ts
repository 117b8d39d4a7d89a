/** Whoever stops all work and lets it go on: by a command, or by the file of the workspace. */
import { whyStopped } from '../src/ports/stop-switch.ts'
import type { Callers } from './callers.ts'
import type { Chance } from './chance.ts'
import { Violation } from './invariants/invariant.ts'
import type { Simulation } from './simulation.ts'
import { SimStopFile } from './stop-file.ts'

export class Stopping {
  readonly file = new SimStopFile()
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance
  #ordered = 0

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#around = around
    this.#callers = callers
    this.#chance = chance
  }

  stop(): void {
    this.#around.tally.add('work: stopped')
    this.#callers.ask('a stop', async ({ hf }) => {
      const { id } = await hf.work.stop('so it is wanted')
      return ({ log }) => log.tables.get('SELECT 1 FROM stops WHERE id = ?', id) !== undefined
    })
  }

  /** Whoever can write the file, alive or not the process. */
  order(order: 'stop' | 'resume'): void {
    this.#ordered += 1
    this.#around.tally.add(`work: ${order} ordered by the file`)
    const id = `ordered-${this.#ordered}`
    const there = this.file.order
    if (order === 'stop' && there !== null) return
    this.file.put({ order, id, at: this.#around.clock.now(), reason: '' })
  }

  goOn(): void {
    if (this.#chance.happens(0.3)) {
      this.order('resume')
      return
    }
    this.#around.tally.add('work: goes on')
    this.#callers.ask('that work goes on', async ({ hf }) => {
      const lifted = await hf.work.resume()
      return ({ log }) =>
        lifted.every(({ id }) => {
          const sql = 'SELECT 1 FROM stops WHERE id = ? AND lifted IS NOT NULL'
          return log.tables.get(sql, id) !== undefined
        })
    })
  }

  /** Without faults: false when nothing is stopped. */
  isLifting(): boolean {
    const stop = this.#around.process.hf.work.current()
    if (stop !== null) {
      this.#around.trace(() => `  lifting: ${whyStopped(stop)}`)
      this.goOn()
    }
    return stop !== null
  }

  /** To be told of whatever begins to reach outside. */
  begins(what: string): void {
    const { watch } = this.#around
    if (this.#around.plan.deeds.stop === 0) return
    // What is on record, though nobody has looked at it yet, counts.
    for (const event of this.#around.unseen()) watch.stops.see(event)
    const by = watch.stops.holding(this.file.order)
    if (by !== null)
      this.#around.break('stop-holds', new Violation('stop-holds', `${what} begins after ${by}`))
  }
}
