/** `holdfast budgets` */
import type { Standing } from '../../../ports/gate.ts'
import type { BudgetState } from '../../../sdk.ts'
import type { BudgetList } from '../../commands/budgets.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { count, moment, table, type View, viewOf, whatNext } from '../views/view.ts'

export const budgets: VerbRun = async (call) => {
  const { out, io, options } = call
  const list = await carryOut(call, 'budgets', { all: options.all === true }, io)
  if (out.json) out.document(list)
  else out.text(budgetsText(list, viewOf(call)))
  return 0
}

/** Reservations that are shown; the rest is counted. */
const SHOWN = 10

function budgetsText({ budgets: rows, reservations }: BudgetList, view: View): string {
  if (rows.length === 0) {
    return 'Nothing is limited: write what may be taken under budget and budgets in policy.yaml.'
  }
  const right = { right: true } as const
  const columns = [
    { title: 'BUDGET' },
    { title: 'OF', gives: 1, least: 8 },
    { title: 'PERIOD' },
    { title: 'LIMIT', ...right },
    { title: 'SETTLED', ...right },
    { title: 'RESERVED', ...right },
    { title: 'LEFT', ...right },
    { title: 'AT LIMIT' },
  ]
  const cells = rows.map(({ budget, of, each, period, unit, limit, reserved, settled, left, atLimit }) => [
    budget,
    of === '' ? (each === 'all' ? 'all' : `no ${each}`) : of,
    period === '' ? 'ever' : period,
    ...[limit, settled, reserved, left].map((amount) => spoken(amount, unit)),
    atLimit,
  ])
  return [...table(columns, cells, view), '', ...standing(reservations, view)].join('\n')
}

function standing(reservations: readonly Standing[], view: View): string[] {
  const { dim } = view.colors
  if (reservations.length === 0) return [dim('Nothing is reserved: every outcome is known.')]
  const shown = reservations.slice(0, SHOWN)
  const more = reservations.length - shown.length
  const lines = shown.map(({ run, for: name, operation, since, holds }) => {
    const amounts = holds.map(({ budget, unit, amount }) => `${spoken(amount, unit)} of ${budget}`).join(', ')
    return `  ${moment(since)}  ${operation}  ${amounts}  ${dim(`run ${run}, "${name}"`)}`
  })
  const [first] = shown
  const advice =
    first === undefined ? [] : whatNext([[view.command(`why ${first.run}`), 'what it waits for']], view)
  return [
    dim(`${count(reservations.length, 'reservation')} whose outcome is not known yet`),
    ...lines,
    ...(more > 0 ? [dim(`  and ${more} more`)] : []),
    '',
    ...advice,
  ]
}

function spoken(amount: number, unit: BudgetState['unit']): string {
  switch (unit) {
    case 'usd': {
      const usd = `$${(Math.abs(amount) / 1e6).toFixed(4).replace(/(\.\d\d)0+$/, '$1')}`
      return amount < 0 ? `-${usd}` : usd
    }
    case 'minutes':
      return `${Math.round(amount / 6_000) / 10} min`
    default:
      return String(amount)
  }
}
