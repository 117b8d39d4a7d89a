/** `holdfast why` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { viewOf } from '../views/view.ts'
import { whyView } from '../views/why-view.ts'

export const why: VerbRun = async (call) => {
  const { args, out, io } = call
  const explanation = await carryOut(call, 'why', { id: args[0] ?? '' }, io)
  if (out.json) out.document(explanation)
  else out.text(whyView(explanation, viewOf(call)))
  return 0
}
