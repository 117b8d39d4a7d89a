/** `holdfast run show|replay|fork|cancel` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { Json } from '../../../kernel/json.ts'
import { runStoryText } from '../../../observe/run-story-text.ts'
import { inputText } from '../input-file.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { forkView } from '../views/fork-view.ts'
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

export const runFork: VerbRun = async (call) => {
  const { args, out, io } = call
  const given = {
    from: textOption(call, 'from'),
    id: textOption(call, 'id'),
    result: await jsonOption(call, 'result'),
    input: await jsonOption(call, 'input'),
  }
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const forked = await carryOut(call, 'run fork', { source: args[0] ?? '', ...options }, io)
  if (out.json) out.document(forked)
  else out.text(forkView(forked, viewOf(call)))
  return 0
}

/** A value typed as JSON, or as `@` and the name of a file that holds it. @throws USAGE */
async function jsonOption(call: Call, name: string): Promise<Json | undefined> {
  const typed = textOption(call, name)
  if (typed === undefined) return undefined
  const text = typed.startsWith('@') ? await inputText(typed.slice(1)) : typed
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `--${name} ${JSON.stringify(typed)} is not JSON: ${(error as Error).message}`
    throw new HoldfastError('USAGE', message, { fix: `A text needs its quotes: --${name} '"yes"'.` })
  }
}

export const runCancel: VerbRun = async (call) => {
  const { args, out, io } = call
  const reason = textOption(call, 'reason') ?? ''
  const cancelled = await carryOut(call, 'run cancel', { id: args[0] ?? '', reason }, io)
  if (out.json) out.document(cancelled)
  else out.text(`Run ${cancelled.run} is ${cancelled.status}; its reviews are withdrawn.`)
  return 0
}
