/** `holdfast triggers`, `holdfast trigger retry` */
import { HoldfastError } from '../../../kernel/errors.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { triggersView } from '../views/triggers-view.ts'
import { viewOf } from '../views/view.ts'

export const triggers: VerbRun = async (call) => {
  const { out, io } = call
  const all = await carryOut(call, 'triggers', {}, io)
  if (out.json) out.document(all)
  else out.text(triggersView(all, viewOf(call)))
  return 0
}

export const triggerRetry: VerbRun = async (call) => {
  const { args, out, io } = call
  const [name = '', typed = ''] = args
  const position = Number(typed)
  if (!Number.isInteger(position) || position < 1) {
    throw new HoldfastError('USAGE', `${JSON.stringify(typed)} is not the position of an event`, {
      fix: `See \`${call.command('triggers')}\` for those set aside.`,
    })
  }
  const { run } = await carryOut(call, 'trigger retry', { name, position }, io)
  if (out.json) out.document({ run })
  else out.text(run === null ? `Event ${position} is none of ${name} any more.` : `Run ${run} was started.`)
  return 0
}
