/** `holdfast review approve|reject --like ID`, or `--all --agent NAME --action NAME`: one answer for equals. */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import type { Equals } from '../../commands/review-batch.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption } from '../verb.ts'
import { batchText, equalsView } from '../views/equals-view.ts'
import { viewOf } from '../views/view.ts'

const VERDICTS = { approve: 'approved', reject: 'rejected' } as const

/** Shows which they are first; without a terminal to ask at, `--yes` says that they are to be answered. */
export async function answerEquals(call: Call): Promise<number> {
  const { out, io, options } = call
  const word = call.args[0] as keyof typeof VERDICTS
  if (!Object.hasOwn(VERDICTS, word)) {
    throw usage(`Several reviews can't be answered with ${JSON.stringify(word)}`, 'Use approve or reject.')
  }
  const equals = await carryOut(call, 'review equals', whichOf(call), io)
  if (!out.json) out.text(equalsView(equals, viewOf(call)))
  if (options.dryRun === true || equals.reviews.length === 0) {
    if (out.json) out.document({ ...equals, answered: null })
    return 0
  }
  if (!(await isWanted(call, word, equals))) {
    out.note('Nothing was answered.')
    return 0
  }
  const reason = textOption(call, 'reason')
  const answered = await carryOut(
    call,
    'review answer all',
    {
      reviews: equals.reviews.map(({ id, hash }) => ({ id, hash })),
      verdict: VERDICTS[word],
      ...(reason === undefined ? {} : { reason }),
    },
    io,
  )
  if (out.json) out.document({ ...equals, answered })
  else out.text(batchText(answered, viewOf(call)))
  return 0
}

function whichOf(call: Call): ParamsOf<'review equals'> {
  const like = textOption(call, 'like')
  const [agent, action] = [textOption(call, 'agent'), textOption(call, 'action')]
  if (like !== undefined && call.options.all !== true) return { like }
  if (like === undefined && agent !== undefined && action !== undefined) return { agent, action }
  throw usage(
    'It is not clear which reviews are meant',
    'Use --like ID, or --all --agent NAME --action NAME.',
  )
}

async function isWanted({ options }: Call, word: string, { reviews }: Equals): Promise<boolean> {
  if (options.yes === true) return true
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw usage(
      `${word} for ${reviews.length} reviews needs your yes, and there is no terminal to ask at`,
      'Look at them with --dry-run, then say it with --yes. Nothing was answered.',
    )
  }
  const { confirm } = await import('@clack/prompts')
  const message = `${word} ${reviews.length === 1 ? 'this one' : `all ${reviews.length}`}?`
  return (await confirm({ message, initialValue: false, output: process.stderr })) === true
}

function usage(message: string, fix: string): HoldfastError {
  return new HoldfastError('USAGE', message, { fix })
}
