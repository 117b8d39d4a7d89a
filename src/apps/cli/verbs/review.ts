/** `holdfast review ID [approve|edit|reject|respond|snooze|delegate]`, `holdfast review approve|reject --like ID` */
import { HoldfastError } from '../../../kernel/errors.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import { nearest } from '../../../kernel/nearest.ts'
import type { ParamsOf } from '../../commands/catalogue.ts'
import type { Answered } from '../../commands/review-answer.ts'
import { inputName, inputText } from '../input-file.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { answerView } from '../views/answer-view.ts'
import { reviewView } from '../views/review-view.ts'
import { viewOf } from '../views/view.ts'
import { refuseOptions } from './review-options.ts'

type Answer = Omit<ParamsOf<'review answer'>, 'id' | 'hash'>

/** How a run fails when the operator says no. */
const REFUSALS: readonly string[] = ['EFFECT_ABANDONED', 'POLICY_DENIED']

const VERDICTS = ['approve', 'edit', 'reject', 'respond', 'snooze', 'delegate', 'show']

export const review: VerbRun = async (call) => {
  const { args, out, io } = call
  const [id = '', verdict = 'show', ...words] = args
  refuseOptions(call, isForSeveral(call) ? 'several' : verdict)
  if (isForSeveral(call)) return await (await import('./review-batch.ts')).answerEquals(call)
  if (verdict === 'show') {
    const shown = await carryOut(call, 'review show', { id }, io)
    if (out.json) out.document(shown)
    else out.text(reviewView(shown, viewOf(call)))
    return 0
  }
  if (verdict === 'snooze') return await (await import('./review-later.ts')).snooze(call, id, words)
  if (verdict === 'delegate') {
    refuseText(verdict, words.join(' '))
    return await (await import('./review-later.ts')).delegate(call, id)
  }
  const answer = await answerOf(call, id, verdict, words)
  if (answer === null) {
    out.note('Nothing was changed, so nothing was answered.')
    return 0
  }
  const hash = textOption(call, 'hash') ?? answer.hash
  const answered = await carryOut(
    call,
    'review answer',
    { ...answer, id, ...(hash === undefined ? {} : { hash }) },
    io,
  )
  if (out.json) out.document(answered)
  else out.text(answerView(answered, viewOf(call)))
  return hasFailed(answered) ? 1 : 0
}

/** A verdict in place of an id, and which reviews it is for. */
function isForSeveral({ args, options }: Call): boolean {
  return args.length === 1 && (options.like !== undefined || options.all === true)
}

/** Whether what was approved could not be done; a no of the operator's is no failure. */
export function hasFailed({ review: { status }, progress }: Answered): boolean {
  const { failures, error } = progress
  const final = failures.filter(({ retryAt }) => retryAt === null).map((failure) => failure.error.code)
  const codes = error === null ? final : [...final, error.code]
  const asAsked = status === 'rejected' || status === 'responded' ? REFUSALS : []
  return codes.some((code) => !asAsked.includes(code))
}

async function answerOf(
  call: Call,
  id: string,
  verdict: string,
  words: readonly string[],
): Promise<(Answer & { hash?: string }) | null> {
  const text = words.join(' ').trim()
  switch (verdict) {
    case 'approve':
      refuseText(verdict, text)
      return alternativeIn(call) === undefined ? { verdict: 'approved' } : await edited(call, id)
    case 'reject': {
      const reason = textOption(call, 'reason') ?? text
      return { verdict: 'rejected', ...(reason === '' ? {} : { reason }) }
    }
    case 'respond':
      if (text !== '') return { verdict: 'responded', instruction: text }
      throw usage(
        'respond needs to be told what should be different',
        'Such as: respond "shorter, and in French".',
      )
    case 'edit': {
      refuseText(verdict, text)
      return await edited(call, id)
    }
    default: {
      const meant = nearest(verdict, VERDICTS)
      const guess = meant === undefined ? '' : ` (did you mean ${meant}?)`
      throw usage(`A review can't be answered with ${JSON.stringify(verdict)}${guess}`)
    }
  }
}

async function edited(call: Call, id: string): Promise<(Answer & { hash?: string }) | null> {
  const { options, io, env } = call
  const sets = (options.set ?? []) as readonly string[]
  const file = textOption(call, 'file')
  const alternative = alternativeIn(call)
  if (sets.length > 0 || file !== undefined || alternative !== undefined) {
    const changes = file === undefined ? undefined : await fieldsFrom(call, file)
    return {
      verdict: 'edited',
      sets: sets.map(partsOfSet),
      ...(changes === undefined ? {} : { changes: changes as NonNullable<Answer['changes']> }),
      ...(alternative === undefined ? {} : { alternative }),
    }
  }
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw usage(
      'edit needs to be told what to change',
      'Use --set FIELD=VALUE or --file FILE, or a terminal.',
    )
  }
  const { editInEditor } = await import('../editor.ts')
  const { proposal, hash } = await carryOut(call, 'review show', { id }, io)
  const changes = await editInEditor(proposal, id, env)
  return changes && { verdict: 'edited', changes: changes as NonNullable<Answer['changes']>, hash }
}

function alternativeIn(call: Call): number | undefined {
  const text = textOption(call, 'alternative')
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw usage(`--alternative ${JSON.stringify(text)} is no number of an alternative`, 'The first one is 1.')
}

function partsOfSet(set: string): [string, string] {
  const at = set.indexOf('=')
  if (at > 0) return [set.slice(0, at).trim(), set.slice(at + 1)]
  throw usage(`--set ${JSON.stringify(set)} has no "="`, 'Such as: --set "subject=Re: Your website".')
}

async function fieldsFrom(call: Call, file: string): Promise<JsonObject> {
  const { readFields } = await import('../editor.ts')
  const content = await inputText(file)
  const field = textOption(call, 'field')
  return field === undefined ? readFields(content, inputName(file)) : { [field]: content.trimEnd() }
}

function refuseText(verdict: string, text: string): void {
  if (text !== '') throw usage(`${verdict} takes no text, and there is ${JSON.stringify(text)}`)
}

function usage(message: string, fix?: string): HoldfastError {
  return new HoldfastError('USAGE', message, {
    fix: fix ?? `One of ${VERDICTS.join(', ')}; see the help of review.`,
  })
}
