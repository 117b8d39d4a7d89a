/** `holdfast anomalies`, `holdfast anomaly lift` */
import { carryOut } from '../route.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { anomaliesView, normalView } from '../views/anomalies-view.ts'
import { count, viewOf } from '../views/view.ts'

export const anomalies: VerbRun = async (call) => {
  const { args, out, io, options } = call
  const [agent] = args
  const asked = { all: options.all === true, normal: options.normal === true }
  const shown = await carryOut(call, 'anomalies', { ...asked, ...(agent === undefined ? {} : { agent }) }, io)
  if (out.json) out.document(shown)
  else out.text((asked.normal ? normalView : anomaliesView)(shown, viewOf(call)))
  return 0
}

export const anomalyLift: VerbRun = async (call) => {
  const { args, out, io } = call
  const [agent = ''] = args
  const lifted = await carryOut(call, 'anomaly lift', { agent, reason: textOption(call, 'reason') ?? '' }, io)
  if (out.json) out.document(lifted)
  else {
    const was = lifted.some(({ severity }) => severity === 'quarantine')
    const free = was ? ` ${agent} is out of quarantine.` : ''
    out.text(`${count(lifted.length, 'anomaly', 'anomalies')} lifted.${free} Its count begins anew.`)
  }
  return 0
}
