/** `holdfast retain` */
import type { Retained } from '../../commands/retain.ts'
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
  const { rules, events, blobs, held, dryRun, bytesBefore, bytesAfter } = report
  if (rules === 0) out.text('Everything is kept: policy.yaml has no rules under `retention`.')
  else if (events === 0) out.text('Nothing is due.')
  else {
    const what = `${whatOf(report)}, ${events} bodies`
    if (dryRun) out.text(`Would be erased: ${what}.`)
    else {
      const room = ((bytesBefore - bytesAfter) / 2 ** 20).toFixed(1)
      out.text(`Erased: ${what}, ${count(blobs, 'raw mail')}. ${room} MiB given back.`)
    }
  }
  if (held > 0)
    out.text(`${count(held, 'event')} due, kept as an agent, a trigger or a run may look at them.`)
  const { destroyed, unreached } = report.backups
  if (destroyed.length > 0) {
    const what = `${destroyed.join(', ')}: ${destroyed.length === 1 ? 'the key' : 'the keys'}`
    out.text(
      dryRun ? `Would be destroyed, of ${what}.` : `Destroyed, of ${what}. Nobody can read them any more.`,
    )
  }
  for (const { id, folder } of unreached) {
    io.note(
      `The key of backup ${id} is due and not in ${folder}: bring the folder back, and repeat the command.`,
    )
  }
  return 0
}

function whatOf({ runs, byWorkflow, published, states }: Retained): string {
  const which = Object.entries(byWorkflow).map(([workflow, n]) => `${n} of ${workflow}`)
  const parts = [
    ...(runs > 0 ? [`${count(runs, 'run')} (${which.join(', ')})`] : []),
    ...(published > 0 ? [count(published, 'published event')] : []),
    ...(states > 0 ? [count(states, 'past state')] : []),
  ]
  return parts.join(', ')
}
