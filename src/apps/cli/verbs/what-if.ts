/** `holdfast what-if` */
import { durationMs } from '../../../kernel/duration.ts'
import { HoldfastError } from '../../../kernel/errors.ts'
import { inputText } from '../input-file.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { viewOf } from '../views/view.ts'
import { whatIfView } from '../views/what-if-view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 1_000

export const whatIf: VerbRun = async (call) => {
  const { out, io } = call
  const params = {
    playbook: await fileOf(call, 'playbook'),
    policy: await fileOf(call, 'policy'),
    flags: await fileOf(call, 'flags'),
    workflow: textOption(call, 'workflow') ?? null,
    since: sinceOf(call),
    limit: limitOf(call, LIMIT),
  }
  const report = await carryOut(call, 'what-if', params, io)
  if (out.json) out.document(report)
  else out.text(whatIfView(report, viewOf(call)))
  return 0
}

async function fileOf(call: Call, option: string): Promise<{ name: string; text: string } | null> {
  const name = textOption(call, option)
  return name === undefined ? null : { name, text: await inputText(name) }
}

/** @throws USAGE */
export function sinceOf(call: Call): number | null {
  const age = textOption(call, 'since')
  if (age === undefined) return null
  try {
    return Date.now() - durationMs(age)
  } catch {
    throw new HoldfastError('USAGE', `--since ${JSON.stringify(age)} is no length of time`, {
      fix: 'Such as: --since 30d, --since 12h.',
    })
  }
}
