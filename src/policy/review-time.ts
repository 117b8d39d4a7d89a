/**
 * Budgets of the operator's time. A review takes some of it; where none is left for today, or this month, it takes
 * from the first period that has room, and is put off until that begins.
 */
import { periodEnd } from '../kernel/reservation.ts'
import type { ReviewRequest, ReviewTime } from '../ports/gate.ts'
import type { PolicySettings } from '../ports/policy-settings.ts'
import { type Charge, charge, type TakenOf } from './budgets.ts'

/** What waits longer than that is put to the operator all the same. */
const PERIODS_AHEAD = 60

/** null where no budget limits it. */
export function reviewTime(
  { run, workflow: agent, customer, latest }: ReviewRequest,
  { budgets = [] }: PolicySettings,
  now: number,
  taken: TakenOf,
): ReviewTime | null {
  const rules = budgets.filter(({ unit }) => unit === 'minutes')
  if (rules.length === 0) return null
  const work: Charge = {
    run,
    operation: 'review',
    agent,
    customer,
    is: 'review',
    priceMicros: 0,
    arguments: {},
  }
  let at = now
  let reason = ''
  for (let ahead = 0; ahead < PERIODS_AHEAD; ahead += 1) {
    const { meters, holds } = charge(work, rules, at, taken)
    if (holds.length === 0) return null
    const full = meters.find(({ spent, limit, cost = 0 }) => spent > 0 && spent + cost > limit)
    if (full === undefined) return { holds, putOffUntil: at === now ? null : at, reason }
    reason ||= full.name
    const period = holds.find(({ budget }) => budget === full.name)?.period ?? ''
    at = periodEnd(period) ?? Number.POSITIVE_INFINITY
    if (at >= (latest ?? Number.POSITIVE_INFINITY)) break
  }
  return { holds: charge(work, rules, now, taken).holds, putOffUntil: null, reason: '' }
}
