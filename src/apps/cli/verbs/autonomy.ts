/** `holdfast autonomy`, `holdfast autonomy set|accept|decline|demote|compare` */
import { HoldfastError } from '../../../kernel/errors.ts'
import { LEVELS, type Level, type Standing } from '../../../ports/autonomy.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import { fieldsSet } from '../fields.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { autonomyView, calibrationView, percentOf, standingLine } from '../views/autonomy-view.ts'
import { viewOf } from '../views/view.ts'

export const autonomy: VerbRun = async (call) => {
  const { out, io, options } = call
  if (options.calibration === true) {
    const calibrations = await carryOut(call, 'autonomy calibration', {}, io)
    if (out.json) out.document(calibrations)
    else out.text(calibrationView(calibrations, viewOf(call)))
    return 0
  }
  const shown = await carryOut(call, 'autonomy', {}, io)
  if (out.json) out.document(shown)
  else out.text(autonomyView(shown, viewOf(call)))
  return 0
}

export const autonomySet: VerbRun = async (call) => {
  const given = { level: levelOf(call.args[2]), ceiling: levelOf(textOption(call, 'ceiling')) }
  const { level, ceiling } = given
  if (level === undefined && ceiling === undefined) {
    throw new HoldfastError('USAGE', 'autonomy set needs a level, or --ceiling', {
      fix: `The levels are ${LEVELS.join(', ')}.`,
    })
  }
  const change = { ...(level === undefined ? {} : { level }), ...(ceiling === undefined ? {} : { ceiling }) }
  return told(
    call,
    await carryOut(call, 'autonomy set', { ...remitOf(call), ...reasonOf(call), ...change }, call.io),
  )
}

export const autonomyAccept: VerbRun = async (call) =>
  told(call, await carryOut(call, 'autonomy accept', remitOf(call), call.io))

export const autonomyDecline: VerbRun = async (call) =>
  told(call, await carryOut(call, 'autonomy decline', { ...remitOf(call), ...reasonOf(call) }, call.io))

export const autonomyDemote: VerbRun = async (call) =>
  told(call, await carryOut(call, 'autonomy demote', { ...remitOf(call), ...reasonOf(call) }, call.io))

export const autonomyCompare: VerbRun = async (call) => {
  const { args, options, out, io } = call
  const fields = fieldsSet((options.set ?? []) as readonly string[])
  const said = [options.same === true, options.nothing === true, Object.keys(fields).length > 0]
  if (said.filter(Boolean).length !== 1) {
    throw new HoldfastError('USAGE', 'autonomy compare needs one of --same, --nothing and --set', {
      fix: 'Such as: --set "subject=Re: Your website".',
    })
  }
  const did = options.same === true ? 'same' : options.nothing === true ? 'nothing' : undefined
  const done = did === undefined ? { fields: fields as never } : { did }
  const compared = await carryOut(
    call,
    'autonomy compare',
    { review: args[0] ?? '', ...done } as ParamsOf<'autonomy compare'>,
    io,
  )
  if (out.json) out.document(compared)
  else {
    const counts = compared.error ? 'an error' : 'right'
    out.text(`On record: it differs by ${percentOf(compared.difference)}, and counts as ${counts}.`)
  }
  return 0
}

function told(call: Call, standing: Standing): number {
  const { out } = call
  if (out.json) out.document(standing)
  else out.text(standingLine(standing))
  return 0
}

function remitOf(call: Call): { agent: string; action: string; segment: string } {
  const [agent = '', action = ''] = call.args
  return { agent, action, segment: textOption(call, 'segment') ?? 'all' }
}

function reasonOf(call: Call): { reason: string } {
  return { reason: textOption(call, 'reason') ?? '' }
}

/** @throws USAGE */
function levelOf(typed: string | undefined): Level | undefined {
  const level = LEVELS.find((one) => one === typed)
  if (typed === undefined || level !== undefined) return level
  throw new HoldfastError('USAGE', `${JSON.stringify(typed)} is no level`, {
    fix: `The levels are ${LEVELS.join(', ')}.`,
  })
}
