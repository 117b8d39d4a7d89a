/** `holdfast reviews` */
import { durationMs } from '../../../kernel/duration.ts'
import { carryOut } from '../route.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { auditView } from '../views/audit-view.ts'
import { viewOf } from '../views/view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 50

export const reviews: VerbRun = async (call) => {
  const { out, io } = call
  const since = textOption(call, 'since')
  const filters = ['agent', 'action', 'verdict', 'way'].flatMap((name) => {
    const value = textOption(call, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const audit = await carryOut(
    call,
    'reviews',
    {
      limit: limitOf(call, LIMIT),
      ...Object.fromEntries(filters),
      ...(since === undefined ? {} : { withinMs: durationMs(since) }),
    },
    io,
  )
  if (out.json) out.document(audit)
  else out.text(auditView(audit, viewOf(call)))
  return 0
}
