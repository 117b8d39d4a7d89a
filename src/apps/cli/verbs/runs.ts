/** `holdfast runs` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { runsView } from '../views/runs-view.ts'
import { viewOf } from '../views/view.ts'

const LIMIT = 50

export const runs: VerbRun = async (call) => {
  const { out, io } = call
  const status = textOption(call, 'status') as ParamsOf<'runs'>['status']
  const limit = limitOf(call, LIMIT)
  const rows = await carryOut(call, 'runs', { limit, ...(status === undefined ? {} : { status }) }, io)
  if (out.json) out.document(rows)
  else out.text(runsView(rows, viewOf(call), limit))
  return 0
}

/** @throws USAGE */
export function limitOf(call: Call, fallback: number): number {
  const given = textOption(call, 'limit')
  if (given === undefined) return fallback
  const limit = Number(given)
  if (Number.isInteger(limit) && limit > 0) return limit
  throw new HoldfastError('USAGE', `--limit ${JSON.stringify(given)} is not a number of 1 or more`, {
    fix: 'Such as: --limit 100.',
  })
}
