/** `holdfast flags`, `holdfast flag …` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { FlagEdit } from '../../config/flags-edit.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { explainedFlagView, flagsView, flagView, skippedView } from '../views/flags-view.ts'
import { viewOf } from '../views/view.ts'

export const flags: VerbRun = async (call) => {
  const { out, io } = call
  const list = await carryOut(call, 'flags', {}, io)
  if (out.json) out.document(list)
  else out.text(flagsView(list, viewOf(call)))
  return 0
}

export const flagShow: VerbRun = async (call) => {
  const { args, out, io } = call
  const flag = await carryOut(call, 'flag show', { name: args[0] ?? '' }, io)
  if (out.json) out.document(flag)
  else out.text(flagView(flag, viewOf(call)))
  return 0
}

export const flagExplain: VerbRun = async (call) => {
  const { args, out, io } = call
  const [customer, key] = [textOption(call, 'customer') ?? null, textOption(call, 'key') ?? null]
  const explained = await carryOut(call, 'flag explain', { name: args[0] ?? '', customer, key }, io)
  if (out.json) out.document(explained)
  else out.text(explainedFlagView(explained, viewOf(call)))
  return 0
}

export const flagOn: VerbRun = (call) => change(call, { what: 'on' })
export const flagOff: VerbRun = (call) => change(call, { what: 'off' })

export const flagSet: VerbRun = (call) =>
  change(call, {
    what: 'set',
    variant: call.args[1] ?? '',
    segment: textOption(call, 'segment') ?? null,
  })

export const flagRollOut: VerbRun = (call) => {
  const typed = (call.args[1] ?? '').replace(/%$/, '')
  const percent = Number(typed)
  if (typed === '' || !(percent >= 0 && percent <= 100)) {
    throw new HoldfastError('USAGE', `${JSON.stringify(call.args[1])} is no share`, {
      fix: 'Give a number from 0 to 100, such as 20.',
    })
  }
  return change(call, {
    what: 'roll-out',
    percent,
    variant: textOption(call, 'variant') ?? null,
    segment: textOption(call, 'segment') ?? null,
  })
}

async function change(call: Call, edit: FlagEdit): Promise<number> {
  const { args, out, io } = call
  const flag = await carryOut(call, 'flag change', { name: args[0] ?? '', edit }, io)
  if (out.json) out.document(flag)
  else out.text(flagView(flag, viewOf(call)))
  return 0
}

export const flagSkipped: VerbRun = async (call) => {
  const { out, io } = call
  const skipped = await carryOut(call, 'flag skipped', {}, io)
  if (out.json) out.document(skipped)
  else out.text(skippedView(skipped, viewOf(call)))
  return 0
}

export const flagStart: VerbRun = async (call) => {
  const { args, out, io } = call
  const { run } = await carryOut(call, 'flag start', { run: args[0] ?? '' }, io)
  if (out.json) out.document({ run })
  else out.text(`Run ${run} was started.`)
  return 0
}
