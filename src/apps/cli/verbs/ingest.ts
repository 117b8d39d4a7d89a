/** `holdfast ingest FILE…` */
import { resolve } from 'node:path'
import { countsText } from '../../tally.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { count, viewOf, whatNext } from '../views/view.ts'

/** Problems that are named one by one. */
const NAMED = 10

export const ingest: VerbRun = async (call) => {
  const { args, out, io } = call
  const files = args.map((file) => resolve(file))
  const taken = await carryOut(call, 'ingest', { files }, io)
  for (const { ref, error } of taken.problems.slice(0, NAMED)) out.note(`Not read as mail: ${ref}: ${error}`)
  if (taken.problems.length > NAMED) out.note(`… and ${taken.problems.length - NAMED} more`)
  if (out.json) out.document(taken)
  else {
    const view = viewOf(call)
    const { reviews } = taken
    const waiting = `${count(reviews, 'review')} ${reviews === 1 ? 'waits' : 'wait'} for your word`
    const next = whatNext([[call.command('inbox'), 'what waits for your word']], view)
    out.text([`${countsText(taken)}; ${waiting}`, '', ...next].join('\n'))
  }
  return 0
}
