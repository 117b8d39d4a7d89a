/** `holdfast preflight` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { preflightView } from '../views/preflight-view.ts'
import { viewOf } from '../views/view.ts'

export const preflight: VerbRun = async (call) => {
  const { out, io } = call
  const report = await carryOut(call, 'preflight', {}, io)
  if (out.json) out.document(report)
  else out.text(preflightView(report, viewOf(call)))
  return report.broken > 0 ? 1 : 0
}
