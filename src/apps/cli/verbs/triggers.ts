/** `holdfast triggers`, `holdfast trigger pause|resume|retry` */
import { HoldfastError } from '../../../kernel/errors.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { triggersView, triggerText } from '../views/triggers-view.ts'
import { viewOf } from '../views/view.ts'

export const triggers: VerbRun = async (call) => {
  const { out, io } = call
  const all = await carryOut(call, 'triggers', {}, io)
  if (out.json) out.document(all)
  else out.text(triggersView(all, viewOf(call)))
  return 0
}

export const triggerPause: VerbRun = async (call) => {
  const { args, out, io } = call
  const state = await carryOut(call, 'trigger pause', { name: args[0] ?? '' }, io)
  if (out.json) out.document(state)
  else out.text(triggerText(state))
  return 0
}

export const triggerResume: VerbRun = async (call) => {
  const { args, options, out, io } = call
  const params = { name: args[0] ?? '', skip: options.skip === true }
  const state = await carryOut(call, 'trigger resume', params, io)
  if (out.json) out.document(state)
  else out.text(triggerText(state))
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
