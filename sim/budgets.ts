/** The budgets of a seed: in money and in calls, of models and of effects, that ask at their limit or deny. */
import type { BudgetRule, PolicySettings } from '../src/ports/policy-settings.ts'
import type { Chance } from './chance.ts'

/** What one effect is taken to cost, in millionths of a dollar. */
const EFFECT_MICROS = 1_000

type Drawn = Required<Pick<PolicySettings, 'budget' | 'budgets'>>

/** @param modelCallsPerDay as many seeds have it, with nothing else */
export function drawBudgets(chance: Chance, modelCallsPerDay: number | null): Drawn {
  const plain = { perDayUsd: null, perRunUsd: null, modelCallsPerDay, atLimit: 'deny' } as const
  if (chance.happens(0.6)) return { budget: plain, budgets: [] }
  const atLimit = chance.pick(['ask', 'deny'] as const)
  return {
    budget: {
      ...plain,
      perDayUsd: chance.pick([null, 0.001, 0.004, 0.012]),
      perRunUsd: chance.pick([null, 0.001, 0.003]),
      atLimit,
      ...(chance.happens(0.3) ? { expireAfterMs: chance.pick([1_000, 60_000]) } : {}),
    },
    budgets: drawNamed(chance),
  }
}

function drawNamed(chance: Chance): BudgetRule[] {
  const common = { agents: ['*'], argument: null }
  const rules: BudgetRule[] = [
    {
      ...common,
      name: 'deeds',
      operations: ['world.*'],
      each: chance.pick(['all', 'run', 'operation']),
      per: chance.pick(['day', null]),
      unit: 'calls',
      limit: chance.whole(1, 4),
      reserve: null,
      atLimit: chance.pick(['ask', 'deny']),
    },
    {
      ...common,
      name: 'money',
      operations: ['world.keyed', 'world.plain', 'world.blind', 'model.*'],
      each: 'all',
      per: chance.pick(['day', 'month']),
      unit: 'usd',
      limit: chance.pick([1, 2, 6]) * EFFECT_MICROS,
      reserve: EFFECT_MICROS,
      atLimit: chance.pick(['ask', 'deny']),
    },
  ]
  return rules.filter(() => chance.happens(0.5))
}
