/**
 * The operator who hands over and takes back what agents may do without a word: sets levels and ceilings, takes offers
 * or refuses them, and compares what was proposed in shadow. How often proposals are found good changes now and then, so
 * that levels are earned and lost.
 */
import { AUTONOMY_DEFAULTS } from '../src/autonomy/settings.ts'
import type { AnomalySettings } from '../src/ports/anomalies.ts'
import type { Autonomy, Level } from '../src/ports/autonomy.ts'
import type { AutonomySettings } from '../src/ports/autonomy-settings.ts'
import type { Callers } from './callers.ts'
import type { Chance } from './chance.ts'
import type { SimProcess } from './process.ts'
import type { Simulation } from './simulation.ts'
import { DECISION, FLAVOURS } from './workflow.ts'

/** Three answers without an error earn a level, two or three errors lose it. */
const LOOSE = { tolerance: 0.75, edit: 0.2 }

export function drawAutonomy(chance: Chance, anomalies: AnomalySettings | null): AutonomySettings {
  const highest = chance.pick<Level>(['review', 'sampled', 'auto'])
  return {
    ...AUTONOMY_DEFAULTS,
    level: chance.pick<Level>(['review', 'review', 'review', 'review', 'shadow', 'sampled']),
    tiers: { low: LOOSE, medium: LOOSE, high: LOOSE },
    ceilings: { read: 'auto', reversible: 'auto', external: 'auto', irreversible: highest },
    audits: { sampled: 0.7, auto: 0.4 },
    falseAlarmEvery: 3,
    anomalies: anomalies ?? AUTONOMY_DEFAULTS.anomalies,
    vigilance: { rate: chance.part('vigilance').pick([0, 0.5, 1]) },
  }
}

export class LevelDesk {
  /** How often a proposal is found to be good; null for as often as any other answer is given. */
  #good: number | null
  readonly #around: Simulation
  readonly #callers: Callers
  readonly #chance: Chance

  constructor(around: Simulation, callers: Callers, chance: Chance) {
    this.#good = around.plan.autonomy === null ? null : 0.95
    this.#around = around
    this.#callers = callers
    this.#chance = chance
  }

  get good(): number | null {
    return this.#good
  }

  think(): void {
    this.#good = this.#chance.pick([0.95, 0.05])
  }

  set(): void {
    const chance = this.#chance
    const levels = ['off', 'shadow', 'review', 'sampled', 'auto', 'auto'] as const
    const change = {
      ...(chance.happens(0.8) ? { level: chance.pick<Level>(levels) } : {}),
      ...(chance.happens(0.4) ? { ceiling: chance.pick<Level>(['review', 'sampled', 'auto']) } : {}),
    }
    this.#ask('set', (autonomy, remit) => autonomy.set(remit, change))
  }

  /** Takes what is offered, or now and then refuses it. */
  decide(): void {
    const { hf } = this.#around.process
    const offered = hf.autonomy.standings().filter(({ next }) => next.offered)
    const one = offered[this.#chance.whole(0, Math.max(0, offered.length - 1))]
    const takes = this.#chance.happens(0.8)
    if (one === undefined) return
    this.#ask(takes ? 'taken' : 'refused', (autonomy) => autonomy[takes ? 'accept' : 'decline'](one))
  }

  demote(): void {
    const why = { cause: 'operator', reason: 'so it is wanted' } as const
    this.#ask('demoted', (autonomy, remit) => autonomy.demote(remit, why))
  }

  compare(): void {
    const shadows = this.#around.process.hf.autonomy.shadows()
    const one = shadows[this.#chance.whole(0, Math.max(0, shadows.length - 1))]
    const isGood = this.#chance.happens(this.#good ?? 0.5)
    if (one === undefined) return
    this.#ask('compared', (autonomy) => autonomy.compare(one.review, { did: isGood ? 'same' : 'nothing' }))
  }

  #ask(
    what: string,
    asked: (
      autonomy: Autonomy,
      remit: { agent: string; action: string; segment: string },
    ) => Promise<unknown>,
  ): void {
    const agent = this.#chance.happens(0.8) ? 'tree' : this.#chance.pick(FLAVOURS)
    const remit = { agent, action: DECISION, segment: 'all' }
    this.#around.tally.add(`level: ${what}`)
    this.#callers.ask(`a level ${what}`, async ({ hf, log }: SimProcess) => {
      await asked(hf.autonomy, remit)
      const { position } = log.head()
      return (now) => now.log.head().position >= position
    })
  }
}
