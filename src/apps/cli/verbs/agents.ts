/** `holdfast agents`, `holdfast agent show|pause|resume|drain|quarantine|retire|retry` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import { carryOut } from '../route.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { agentsView, agentView } from '../views/agents-view.ts'
import { viewOf } from '../views/view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 20

export const agents: VerbRun = async (call) => {
  const { out, io } = call
  const rows = await carryOut(call, 'agents', {}, io)
  if (out.json) out.document(rows)
  else out.text(agentsView(rows, viewOf(call)))
  return 0
}

export const agentShow: VerbRun = async (call) => {
  const { args, out, io } = call
  const [name = '', key] = args
  const limit = limitOf(call, LIMIT)
  const shown = await carryOut(call, 'agent show', { name, limit, ...(key === undefined ? {} : { key }) }, io)
  if (out.json) out.document(shown)
  else out.text(agentView(shown, viewOf(call)))
  return 0
}

export const agentPause = changing('paused', 'what comes for it waits')
export const agentResume = changing('enabled', 'what waited is handled now')
export const agentDrain = changing('draining', 'what came before is handled, what comes later waits')
export const agentQuarantine = changing('quarantined', 'what comes for it waits')
export const agentRetire = changing('retired', 'it handles nothing more')

function changing(lifecycle: ParamsOf<'agent change'>['lifecycle'], what: string): VerbRun {
  return async (call) => {
    const { args, out, io } = call
    const [name = '', key] = args
    const reason = textOption(call, 'reason') ?? ''
    const params = { name, lifecycle, reason, ...(key === undefined ? {} : { key }) }
    const changed = await carryOut(call, 'agent change', params, io)
    const whole = key === undefined ? name : `${name}/${key}`
    if (out.json) out.document(changed)
    else out.text(`Agent ${whole} is ${lifecycle}: ${what}.`)
    return 0
  }
}

export const agentRetry: VerbRun = async (call) => {
  const { args, out, io } = call
  const [name = '', key = '', typed = ''] = args
  const position = Number(typed)
  if (!Number.isInteger(position) || position < 1) {
    throw new HoldfastError('USAGE', `${JSON.stringify(typed)} is not the position of an event`, {
      fix: `See \`${call.command(`agent show ${name}`)}\` for those set aside.`,
    })
  }
  const status = await carryOut(call, 'agent retry', { name, key, position }, io)
  if (out.json) out.document(status)
  else out.text(`Event ${position} is handled again by ${name}/${key}.`)
  return 0
}
