/** `holdfast inbox` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { inboxView } from '../views/inbox-view.ts'
import { viewOf } from '../views/view.ts'

const SHOWN = 20

export const inbox: VerbRun = async (call) => {
  const { out, options } = call
  const snoozed = options.snoozed === true
  const items = await carryOut(call, 'inbox', { snoozed }, call.io)
  if (out.json) out.document(items)
  else out.text(inboxView(items, viewOf(call), options.all === true ? items.length : SHOWN, snoozed))
  return 0
}
