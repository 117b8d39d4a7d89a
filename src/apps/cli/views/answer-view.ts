/** What came of an answer to a review, and what happens next. */
import type { JsonObject } from '../../../kernel/json.ts'
import { oneLine } from '../../../observe/plain-text.ts'
import type { Review } from '../../../runtime/reviews/review-index.ts'
import { isLetter } from '../../commands/letter-actions.ts'
import type { Answered } from '../../commands/review-answer.ts'
import type { RunProgress } from '../../commands/settled.ts'
import { answers } from './answers.ts'
import { draftLines } from './review-view.ts'
import { block, moment, type View, whatNext } from './view.ts'

export function answerView(answered: Answered, view: View): string {
  const { progress, next, check } = answered
  const { bold } = view.colors
  if (check !== null) return checkLines(check, view).join('\n')
  const lines = [
    ...happened(answered, view),
    ...progress.failures.flatMap((failure) => failureLines(failure, view)),
    ...waits(answered, view),
    '',
  ]
  if (next !== null) {
    lines.push(`${bold(next.id)}  ${bold(oneLine(next.summary))}`, '', ...draftLines(next, view), '')
    lines.push(...whatNext(answers(next, view), view))
  } else {
    lines.push(
      ...whatNext(
        [
          [view.command('inbox'), 'what else waits'],
          [view.command(`run show ${progress.run}`), 'the whole story'],
        ],
        view,
      ),
    )
  }
  return lines.join('\n')
}

/** Said at once, so that nobody counts on a mail that never was. */
function checkLines(check: 'caught' | 'missed', view: View): string[] {
  const { green, red } = view.colors
  const what = 'This was an item known to be bad, put here to see whether it is noticed. Nothing was done.'
  const text = check === 'caught' ? `You caught it. ${what}` : `You missed it. ${what}`
  return [
    ...block(text, 0, view.width).map(check === 'caught' ? green : red),
    '',
    ...whatNext([[view.command('autonomy'), 'how many you caught']], view),
  ]
}

function happened({ review, progress, next }: Answered, { colors, width }: View): string[] {
  const { green } = colors
  if (review.action === 'settle-unknown') return settledLines(review.status, progress, width).map(green)
  if (progress.sent.length > 0)
    return progress.sent.flatMap((sent) => block(sentText(sent), 0, width).map(green))
  if (review.status === 'rejected')
    return [isLetter(review.action) ? 'Rejected: nothing was sent.' : 'Rejected: it was not done.']
  if (review.status === 'responded') return [next === null ? 'Noted.' : 'Here is another draft.']
  return ['Your answer is on record.']
}

/** What the operator said of something whose outcome was not known, and what came of that. */
function settledLines(status: Review['status'], { sent }: RunProgress, width: number): string[] {
  if (status === 'responded') return ['On record: it is left undone.']
  if (status !== 'rejected') return ['On record: it was done; it was not done again.']
  if (sent.length === 0) return ['On record: it was not done, and was begun anew.']
  const now = sent.flatMap((one) => block(sentText(one), 0, width))
  return ['On record: it was not done. Now it is:', ...now]
}

function sentText({ operation, input }: RunProgress['sent'][number]): string {
  const { to, subject } = (input ?? {}) as { to?: JsonObject[]; subject?: string }
  if (to === undefined) return `${operation} was carried out.`
  const people = to.map(({ name, address }) => (name ? `${name} <${address}>` : String(address))).join(', ')
  const how =
    operation === 'maildir.send' ? ' It stands in the Sent folder; maildir carries it no further.' : ''
  return `Sent to ${people}: “${subject}”.${how}`
}

function failureLines({ operation, error, retryAt }: RunProgress['failures'][number], view: View): string[] {
  const later = retryAt === null ? 'It is not tried again.' : `It is tried again at ${moment(retryAt)}.`
  return block(`Not done: ${operation}: ${error.code}: ${error.message}. ${later}`, 0, view.width).map(
    view.colors.red,
  )
}

function waits({ review, progress }: Answered, { width, colors }: View): string[] {
  const { status, output, error, waitsFor } = progress
  if (error !== null)
    return block(`The run ${status}: ${error.code}: ${error.message}`, 0, width).map(colors.red)
  if (status === 'completed') {
    const { outcome } = (output ?? {}) as { outcome?: string }
    return [`The run is closed${outcome ? `: ${outcome}` : ''}.`]
  }
  if (status === 'running') return ['The run is still at work.']
  return waitsFor
    .filter((waiting) => waiting.for === 'event' && waiting.until !== null)
    .flatMap(({ until }) => {
      const then =
        review.action === 'send-follow-up' ? 'the lead is closed' : 'a follow-up draft waits for your word'
      return block(`If no answer comes by ${moment(until ?? 0)}, ${then}.`, 0, width)
    })
}
