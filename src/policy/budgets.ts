/**
 * Budgets: which of them a piece of work takes from, how much, and how much of each is left. Nothing is looked up
 * here; who asks brings what is taken of a budget so far.
 */
import { type BudgetUnit, type Hold, periodOf, whole } from '../kernel/reservation.ts'
import type { BudgetRule, PolicySettings } from '../ports/policy-settings.ts'
import { firstMatch, namesAgent } from './patterns.ts'
import type { Meter } from './request.ts'

/** What of a budget is taken, settled and reserved together, and the most that one model call of it has cost. */
export interface Taken {
  readonly spent: number
  readonly most: number
}

/** One budget, for one of those whom it is counted for, in one period. */
export type BudgetPlace = Pick<Hold, 'budget' | 'of' | 'period'>

export type TakenOf = (place: BudgetPlace) => Taken

/** The same text for the same place, and for no other. */
export function placeKey({ budget, of, period }: BudgetPlace): string {
  return `${budget}\n${period}\n${of}`
}

/** A piece of work that may take from budgets. */
export interface Charge {
  readonly run: string
  readonly operation: string
  readonly agent: string | null
  readonly customer: string | null
  readonly is: 'model' | 'effect' | 'review'
  /** Of an effect in a whole number of millionths of a dollar, as its manifest says. */
  readonly priceMicros: number
  /** Of an effect, by name. */
  readonly arguments: Readonly<Record<string, unknown>>
}

export interface Charged {
  readonly meters: readonly Meter[]
  /** What it takes, if it is allowed. */
  readonly holds: readonly Hold[]
}

/** Counted on its own, it never begins anew. */
const MODELS = { operations: ['model.*'], agents: ['*'], reserve: null, argument: null } as const
/** What a model call, or an answer, is reserved before anything is known of its kind. */
const GUESS: Readonly<Record<BudgetUnit, number>> = {
  usd: 10_000,
  tokens: 2_000,
  calls: 1,
  minutes: 120_000,
}
const UNIT: Readonly<Record<BudgetUnit, string>> = {
  usd: 'micros',
  tokens: 'tokens',
  calls: 'calls',
  minutes: 'ms',
}
const NOTHING: Charged = { meters: [], holds: [] }

/** The three on models first, then those by name. */
export function budgetRules({ budget, budgets = [] }: PolicySettings): readonly BudgetRule[] {
  const { perDayUsd, perRunUsd, modelCallsPerDay, atLimit = 'ask' } = budget
  if (perDayUsd === null && perRunUsd === null && modelCallsPerDay === null) return budgets
  const rules: BudgetRule[] = []
  const add = (name: string, each: 'all' | 'run', unit: BudgetUnit, limit: number | null): void => {
    if (limit === null) return
    rules.push({ ...MODELS, name, each, per: each === 'run' ? null : 'day', unit, limit, atLimit })
  }
  add('day', 'all', 'usd', inMicros(perDayUsd))
  add('run', 'run', 'usd', inMicros(perRunUsd))
  add('calls', 'all', 'calls', modelCallsPerDay)
  return [...rules, ...budgets]
}

function inMicros(usd: number | null): number | null {
  return usd === null ? null : Math.round(usd * 1e6)
}

/** What the work takes of each budget that counts it. */
export function charge(work: Charge, rules: readonly BudgetRule[], now: number, taken: TakenOf): Charged {
  if (rules.length === 0) return NOTHING
  const meters: Meter[] = []
  const holds: Hold[] = []
  for (const rule of rules) {
    if (!counts(rule, work)) continue
    const { name, unit, limit, atLimit } = rule
    const place = { budget: name, of: ofWhom(rule, work), period: periodOf(rule.per, now) }
    const { spent, most } = taken(place)
    const cost = costOf(rule, work, most)
    meters.push({
      name,
      what: spokenPlace(rule, place.of, place.period),
      unit: UNIT[unit],
      limit,
      spent,
      atLimit,
      // One call more is too much where none is left, without words about it.
      ...(cost === null || unit === 'calls' ? {} : { cost }),
    })
    holds.push({ ...place, unit, amount: amountOf(cost, unit, limit - spent) })
  }
  return { meters, holds }
}

/** What has no price that can be read takes all that is left, if the operator lets it go. */
function amountOf(cost: number | null, unit: BudgetUnit, left: number): number {
  if (cost === null) return guess(unit, left)
  return whole(Number.isNaN(cost) ? left : cost)
}

/** No more than is left, so that a guess keeps nobody from the rest; the operator's word goes past that. */
function guess(unit: BudgetUnit, left: number): number {
  return left > 0 ? Math.min(GUESS[unit], left) : GUESS[unit]
}

function counts({ operations, agents, unit, argument, reserve }: BudgetRule, work: Charge): boolean {
  if (!namesAgent(agents, work.agent)) return false
  if ((unit === 'minutes') !== (work.is === 'review')) return false
  if (work.is === 'review') return true
  if (unit === 'tokens' && work.is === 'effect' && reserve === null) return false
  const isFree = unit === 'usd' && argument === null && reserve === null && work.priceMicros === 0
  return !(work.is === 'effect' && isFree) && firstMatch(work.operation, operations) !== undefined
}

function ofWhom({ each }: BudgetRule, { run, operation, agent, customer }: Charge): string {
  return { all: '', run, operation, agent, customer }[each] ?? ''
}

/** A whole number; NaN for an argument that is no price, which counts as too much; null where it is not known. */
function costOf({ unit, reserve, argument }: BudgetRule, work: Charge, most: number): number | null {
  if (unit === 'calls') return 1
  if (work.is === 'effect' && argument !== null) return priceIn(work.arguments[argument])
  if (reserve !== null) return reserve
  if (work.is === 'effect') return work.priceMicros
  if (work.is === 'review') return GUESS[unit]
  return most > 0 ? most : null
}

function priceIn(value: unknown): number {
  const price = typeof value === 'number' || typeof value === 'string' ? Number(value || 'none') : Number.NaN
  return price >= 0 ? Math.ceil(price * 1e6 - 1e-6) : Number.NaN
}

function spokenPlace({ name, per, each, operations }: BudgetRule, of: string, period: string): string {
  const isOfModels = operations === MODELS.operations
  if (isOfModels && name === 'day') return 'models have cost today'
  if (isOfModels && name === 'run') return 'models have cost'
  if (isOfModels && name === 'calls') return 'models were asked today:'
  const whom = of === '' ? '' : ` by the ${each} ${of}`
  return `${per === null ? '' : `in ${period} `}${name} has taken${whom}`
}
