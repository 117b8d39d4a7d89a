/** `holdfast policy decide|test|what-if` */
import { dirname, resolve } from 'node:path'
import { systemClock } from '../../../adapters/system/clock.ts'
import { HoldfastError, toErrorRecord } from '../../../kernel/errors.ts'
import { answerLine } from '../../../policy/decision-line.ts'
import { type Configured, parsePolicy } from '../../config/policy-file.ts'
import { unknownText } from '../../config/unknown-names.ts'
import { assertWorkspace, isWorkspace } from '../../workspace-files.ts'
import { inputText } from '../input-file.ts'
import { linesOf, lineText } from '../input-lines.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { block, count, moment, table, viewOf } from '../views/view.ts'
import { sinceOf } from './what-if.ts'

export const policyDecide: VerbRun = async (call) => {
  const { out } = call
  if (textOption(call, 'policy') === '-') {
    throw new HoldfastError(
      'USAGE',
      'The policy can not come on stdin: that is where the requests come from',
      {
        fix: 'Give the name of a file with --policy.',
      },
    )
  }
  const given = await fileOf(call)
  const policy =
    given === null ? null : parsePolicy(given.text, given.name, await configuredFor(call, given.name))
  const clock = systemClock()
  let number = 0
  let bad = 0
  let isRead = true
  out.onClosed(() => {
    isRead = false
  })
  for await (const line of linesOf(process.stdin)) {
    if (!isRead) break
    number += 1
    try {
      const text = lineText(line)
      if (text.trim() !== '') await out.row(answerLine(text, policy, clock.now()))
    } catch (error) {
      bad += 1
      const { code, message } = toErrorRecord(error)
      await out.row({ line: number, error: { code, message } })
    }
  }
  return bad > 0 ? 1 : 0
}

/** What the workspace knows that is named, or that the file lies in; nothing where there is none. */
async function configuredFor({ dirSetting, dir, env }: Call, file: string): Promise<Configured> {
  const beside = dirname(resolve(file))
  const isNamed = dirSetting.origin === 'flag'
  if (isNamed) assertWorkspace(dir)
  if (!isNamed && !isWorkspace(beside)) return { hosts: [], own: [] }
  const { configuredIn } = await import('../../config/configured.ts')
  return await configuredIn(isNamed ? dir : beside, env)
}

export const policyTest: VerbRun = async (call) => {
  const { out, io } = call
  const report = await carryOut(call, 'policy test', { policy: await fileOf(call) }, io)
  const failed = report.cases.filter(({ ok }) => !ok)
  if (out.json) out.document(report)
  else {
    const { green, red, yellow, dim } = out.colors
    const { width } = viewOf(call)
    const lines = report.cases.flatMap(({ name, ok, expected, got }) => [
      `${ok ? green('ok  ') : red('BAD ')}  ${name}`,
      ...(ok
        ? []
        : block(`expected ${expected}, got ${got.answer} by ${got.rule}: ${got.reason}`, 6, width, 4).map(
            dim,
          )),
    ])
    const verdict =
      report.cases.length === 0
        ? 'There are no cases yet: write some under cases in policy.yaml.'
        : `${count(report.cases.length, 'case')}, ${failed.length} not as expected.`
    const file = textOption(call, 'policy') ?? 'policy.yaml'
    const names = unknownText(file, report.unknown).flatMap((line) => block(line, 0, width, 4).map(yellow))
    const parts = [lines, names, [verdict]].filter((part) => part.length > 0)
    out.text(parts.map((part) => part.join('\n')).join('\n\n'))
  }
  return failed.length > 0 ? 1 : 0
}

export const policyWhatIf: VerbRun = async (call) => {
  const { args, out, io } = call
  const name = args[0] ?? ''
  const policy = { name, text: await inputText(name) }
  const report = await carryOut(call, 'policy what-if', { policy, since: sinceOf(call) }, io)
  if (out.json) out.document(report)
  else {
    const view = viewOf(call)
    const rows = report.changed.map(({ time, run, name: effect, operation, before, after }) => [
      moment(time),
      run,
      effect,
      operation,
      `${before.answer} (${before.rule})`,
      `${after.answer} (${after.rule})`,
    ])
    const columns = ['WHEN', 'RUN', 'WHAT', 'OPERATION', 'THEN', 'WITH THE FILE'].map((title) => ({ title }))
    const lines = rows.length === 0 ? [] : [...table(columns, rows, view), '']
    const erased =
      report.skipped > 0 ? `; ${report.skipped} can't be made anew, since what they were about is erased` : ''
    const changed = `${report.changed.length} of ${count(report.decisions, 'decision')} would be another`
    out.text([...lines, `${changed}${erased}.`].join('\n'))
  }
  return 0
}

async function fileOf(call: Call): Promise<{ name: string; text: string } | null> {
  const name = textOption(call, 'policy')
  return name === undefined ? null : { name, text: await inputText(name) }
}
