/** Budget and rate: what is used up stops a model call, and is put to the operator for an effect. */
import type { Verdict } from '../ports/gate.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import type { Meter, PolicyRequest } from './request.ts'

/** What models have cost so far. */
export interface Spending {
  readonly todayMicros: number
  readonly runMicros: number
  readonly callsToday: number
}

export function withinBudget({ budget, isModelCall, approved }: PolicyRequest): Verdict | null {
  const over = budget.find(isUsedUp)
  if (over === undefined) return null
  const { what = 'spent so far:', unit, spent, limit, cost } = over
  const takes = cost === undefined ? '' : ` and this takes ${amount(cost, unit)},`
  const reason = `${what} ${amount(spent, unit)},${takes} the limit is ${amount(limit, unit)}`
  const rule = `budget.${over.name}`
  if (isModelCall) return { answer: 'deny', rule, reason }
  return approved ? null : { answer: 'review', rule, reason }
}

function isUsedUp({ limit, spent, cost }: Meter): boolean {
  // Put this way round, what is no number counts as used up.
  return cost === undefined ? !(spent < limit) : !(spent + cost <= limit)
}

export function withinRate({ rates, isModelCall, approved }: PolicyRequest): Verdict | null {
  const empty = rates.find(({ tokens }) => !(tokens >= 1))
  if (empty === undefined) return null
  const until = Number.isFinite(empty.nextAt)
    ? `, the next is due ${new Date(empty.nextAt).toISOString()}`
    : ''
  const verdict = { rule: 'rate.exceeded', reason: `${empty.name}: no token is left${until}` }
  if (isModelCall) return { answer: 'deny', ...verdict }
  return approved ? null : { answer: 'review', ...verdict }
}

/** The limits of a policy on models, beside what was spent. */
export function modelMeters({ budget }: PolicySettings, spent: Spending): Meter[] {
  const { perDayUsd, perRunUsd, modelCallsPerDay } = budget
  const meters: Meter[] = []
  if (perDayUsd !== null) {
    meters.push({
      name: 'day',
      what: 'models have cost today',
      unit: '$',
      limit: perDayUsd,
      spent: spent.todayMicros / 1e6,
    })
  }
  if (perRunUsd !== null) {
    meters.push({
      name: 'run',
      what: 'models have cost',
      unit: '$',
      limit: perRunUsd,
      spent: spent.runMicros / 1e6,
    })
  }
  if (modelCallsPerDay !== null) {
    meters.push({
      name: 'calls',
      what: 'today',
      unit: 'model calls',
      limit: modelCallsPerDay,
      spent: spent.callsToday,
    })
  }
  return meters
}

function amount(value: number, unit: string): string {
  return unit === '$' ? `$${value.toFixed(4)}` : `${value} ${unit}`
}
