/** `holdfast retain` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { count } from '../views/view.ts'

export const retain: VerbRun = async (call) => {
  const { out, io, options } = call
  const report = await carryOut(call, 'retain', { dryRun: options.dryRun === true }, io)
  if (out.json) {
    out.document(report)
    return 0
  }
  const { rules, runs, events, blobs, byWorkflow, dryRun, bytesBefore, bytesAfter } = report
  if (rules === 0) out.text('Everything is kept: policy.yaml has no rules under `retention`.')
  else if (runs === 0) out.text('Nothing is due.')
  else {
    const which = Object.entries(byWorkflow).map(([workflow, n]) => `${n} of ${workflow}`)
    const what = `${count(runs, 'run')} (${which.join(', ')}), ${events} bodies`
    if (dryRun) out.text(`Would be erased: ${what}.`)
    else {
      const room = ((bytesBefore - bytesAfter) / 2 ** 20).toFixed(1)
      out.text(`Erased: ${what}, ${count(blobs, 'raw mail')}. ${room} MiB given back.`)
    }
  }
  return 0
}
