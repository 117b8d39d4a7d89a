/** The budgets as the operator reads them: what each may take, what is reserved and settled of it, what is left. */
import { type BudgetUnit, periodEnd, periodOf } from '../kernel/reservation.ts'
import type { Clock } from '../ports/clock.ts'
import type { Gate } from '../ports/gate.ts'
import type { AtLimit, BudgetRule, PolicySettings } from '../ports/policy-settings.ts'
import type { TablesReader } from '../ports/projection.ts'
import { budgetRows } from './budget-index.ts'
import { budgetRules } from './budgets.ts'

/** Amounts are whole: millionths of a US dollar, tokens, calls, milliseconds of the operator's time. */
export interface BudgetState {
  readonly budget: string
  /** The run, agent, customer or operation that it is counted for; '' for all together. */
  readonly of: string
  readonly each: BudgetRule['each']
  /** UTC: `2026-11-29`, `2026-11`, or '' for one that does not begin anew. */
  readonly period: string
  readonly unit: BudgetUnit
  readonly limit: number
  readonly reserved: number
  readonly settled: number
  /** Below zero where it came to more than was reserved, or the operator allowed more. */
  readonly left: number
  readonly atLimit: AtLimit
}

/** What is open: a workspace as `openHoldfast` gives it. */
interface Open {
  readonly log: { readonly tables: TablesReader }
  readonly runtime: { readonly gate: Pick<Gate, 'policy'>; readonly clock: Pick<Clock, 'now'> }
}

/**
 * The budgets in force, with what is reserved, settled and left of each in its present period.
 * @param options.all past periods as well
 */
export function budgets({ log, runtime }: Open, options: { readonly all?: boolean } = {}): BudgetState[] {
  return budgetStates(log.tables, runtime.gate.policy(), runtime.clock.now(), options.all)
}

/**
 * Of the budgets in force, in their order; those that begin anew of the present period, and of later ones that
 * something is put off to. The fullest first where one is for each of many.
 * @param all of past periods as well
 */
export function budgetStates(
  tables: TablesReader,
  policy: PolicySettings,
  now: number,
  all = false,
): BudgetState[] {
  const rows = Map.groupBy(budgetRows(tables), ({ budget }) => budget)
  return budgetRules(policy).flatMap((rule): BudgetState[] => {
    const { name, unit, limit, each, atLimit } = rule
    const of = (rows.get(name) ?? []).filter((row) => row.unit === unit && (all || isOpen(row.period, now)))
    const untouched = { of: '', period: periodOf(rule.per, now), reserved: 0, settled: 0 }
    const isToCome = each === 'all' && !of.some(({ period }) => period === untouched.period)
    const states = [...of, ...(isToCome ? [untouched] : [])].map(
      ({ of: whom, period, reserved, settled }): BudgetState => {
        const left = limit - reserved - settled
        return { budget: name, of: whom, each, period, unit, limit, reserved, settled, left, atLimit }
      },
    )
    return states.toSorted((a, b) => compare(b.period, a.period) || a.left - b.left || compare(a.of, b.of))
  })
}

function isOpen(period: string, now: number): boolean {
  return (periodEnd(period) ?? Number.POSITIVE_INFINITY) > now
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
