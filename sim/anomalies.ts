/**
 * Agents that do more, or else, than they have done so far, and the operator who says that it is well. What is far
 * from their past is so little that a world comes to it.
 */
import type { AnomalySettings } from '../src/ports/anomalies.ts'
import type { Callers } from './callers.ts'
import type { Chance } from './chance.ts'
import { KEYS } from './collector.ts'
import { Violation } from './invariants/invariant.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import type { Tree } from './tree.ts'

const HOUR = 3_600_000

/** null: nothing is far from anybody's past. */
export function drawAnomalies(chance: Chance): AnomalySettings | null {
  if (!chance.happens(0.055)) return null
  const quarantine = chance.pick([0.8, 1.2, 1.2, 1.2, null])
  const lower = quarantine === null ? 0.7 : chance.pick([null, 0.7])
  const runs = { agent: '*', measure: 'runs', lower: 1, quarantine: 1.2 } as const
  return {
    windowMs: chance.pick([1, 1, 6, 24]) * HOUR,
    history: chance.pick([3, 30]),
    minimum: chance.pick([1, 1, 2, 3]),
    lower,
    quarantine,
    exceptions: quarantine !== null && chance.happens(0.7) ? [runs] : [],
  }
}

export class AnomalyDesk {
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance
  #sprees = 0

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#around = around
    this.#callers = callers
    this.#chance = chance
  }

  /** Much or little is done: by a run, now or some hours later, or by the agent with a key. */
  spree(): void {
    this.#sprees += 1
    const count = Number(this.#chance.weighted({ 1: 5, 2: 2, 6: 2 }))
    if (this.#chance.happens(0.7)) this.#startRun(count)
    else
      for (let i = 0; i < count; i += 1)
        this.#callers.publish(`tick/spree-${this.#sprees}/${i}`, this.#chance.pick(KEYS), 'tick', {
          how: 'step',
        })
  }

  #startRun(count: number): void {
    const chance = this.#chance
    const id = `spree-${this.#sprees}`
    const trees = Array.from({ length: count }, () => this.#drawDeed())
    const tree: Tree = { type: chance.pick(['all', 'seq']), trees }
    // A text with a blank is nobody's address.
    const input = { tree, path: `spree ${this.#sprees}`, key: 'x', left: 0 }
    const flavour = chance.pick(['tree', 'tree', 'careful'] as const)
    const delay = chance.pick([0, 0, 0, HOUR, 5 * HOUR])
    this.#callers.ask(`start of ${id}`, async ({ hf, runtime }) => {
      await hf.start(runtime.workflows.get(flavour, 1), input, { id, ...(delay === 0 ? {} : { delay }) })
      return ({ log }) => log.versionOf(`run/${id}`) > 0
    })
  }

  #drawDeed(): Tree {
    const chance = this.#chance
    switch (chance.weighted({ act: 6, decide: 1, oops: 0.5 })) {
      case 'decide':
        return { type: 'decide', answer: 1 }
      case 'oops':
        return { type: 'oops', code: 'BROKEN', mendable: true }
      default: {
        const to = chance.pick(['ann@x.example', 'ben@x.example', `new-${this.#sprees}@x.example`])
        const operation = chance.pick(['keyed', 'natural', 'plain'] as const)
        if (chance.happens(0.8)) return { type: 'act', operation, to }
        return { type: 'act', operation, to, sum: chance.pick([10, 10, 10, 5_000]) }
      }
    }
  }

  lift(): void {
    const held = this.#around.process.hf.autonomy.anomalies.list()
    const one = held[this.#chance.whole(0, Math.max(0, held.length - 1))]
    if (one !== undefined) this.#lift(one.agent)
  }

  /** Without faults, when all else rests: whether anything was held. @throws Violation */
  finish(): boolean {
    const { process, watch } = this.#around
    if (watch.anomalies === null) return false
    const { anomalies } = process.hf.autonomy
    const [known, expected] = [anomalies.quarantined(), watch.anomalies.quarantined].map((all) =>
      all.join(' '),
    )
    if (known !== expected)
      throw new Violation('quarantine-holds', `${known} are in quarantine, by the log ${expected}`)
    watch.levels?.checkLowered()
    const agents = new Set(anomalies.list().map(({ agent }) => agent))
    for (const agent of agents) this.#lift(agent)
    return agents.size > 0
  }

  #lift(agent: string): void {
    this.#around.tally.add('anomaly: lifted')
    this.#callers.ask(`lift of ${agent}`, async ({ hf }: SimProcess) => {
      const lifted = await hf.autonomy.anomalies.lift(agent, 'it is well')
      const ids = new Set(lifted.map(({ id }) => id))
      return (now) => now.hf.autonomy.anomalies.list().every(({ id }) => !ids.has(id))
    })
  }
}
