/** Budget and rate. A budget that is used up is put to the operator; a rate stops a model call, and asks for an effect. */
import type { Verdict } from '../ports/gate.ts'
import type { Meter, PolicyRequest } from './request.ts'

/** The operator's word lifts what asks for it, and nothing that denies. */
export function withinBudget({ budget, approved }: PolicyRequest): Verdict | null {
  const over = budget.find((meter) => isUsedUp(meter) && (meter.atLimit === 'deny' || !approved))
  if (over === undefined) return null
  const { what = 'spent so far:', unit, spent, limit, cost } = over
  const takes = cost === undefined ? '' : ` and this takes ${amount(cost, unit)},`
  const reason = `${what} ${amount(spent, unit)},${takes} the limit is ${amount(limit, unit)}`
  const rule = `budget.${over.name}`
  return { answer: over.atLimit === 'deny' ? 'deny' : 'review', rule, reason }
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

function amount(value: number, unit: string): string {
  if (unit === '$') return `$${value.toFixed(4)}`
  if (unit === 'micros') return `$${(value / 1e6).toFixed(4)}`
  return unit === 'ms' ? `${Math.round(value / 6_000) / 10} minutes` : `${value} ${unit}`
}
