/** `holdfast run show|replay|cancel` */
import { HoldfastError } from '../../../kernel/errors.ts'
import { runStoryText } from '../../../observe/run-story-text.ts'
import { carryOut } from '../route.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { replayView } from '../views/replay-view.ts'
import { viewOf } from '../views/view.ts'

export const runShow: VerbRun = async (call) => {
  const { args, out, io } = call
  const story = await carryOut(call, 'run show', { id: args[0] ?? '' }, io)
  if (out.json) out.document(story)
  else {
    const { bold, dim, green, red } = out.colors
    const style = { strong: bold, faint: dim, good: green, bad: red }
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
    out.text(runStoryText(story, { style, columns: out.width, timeZone }))
  }
  return 0
}

export const runReplay: VerbRun = async (call) => {
  const { args, out, io, options } = call
  const [id] = args
  if ((id === undefined) === (options.all !== true)) {
    throw new HoldfastError('USAGE', 'run replay needs the id of a run, or --all', {
      fix: `See \`${call.command('runs')}\` for the ids.`,
    })
  }
  const reports = await carryOut(call, 'run replay', { id: id ?? null }, io)
  if (out.json) out.document(id === undefined ? reports : reports[0])
  else out.text(replayView(reports, viewOf(call)))
  return reports.some(({ verdict }) => verdict === 'diverged') ? 1 : 0
}

export const runCancel: VerbRun = async (call) => {
  const { args, out, io } = call
  const reason = textOption(call, 'reason') ?? ''
  const cancelled = await carryOut(call, 'run cancel', { id: args[0] ?? '', reason }, io)
  if (out.json) out.document(cancelled)
  else out.text(`Run ${cancelled.run} is ${cancelled.status}; its reviews are withdrawn.`)
  return 0
}
