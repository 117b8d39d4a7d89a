/** One review whole: the mail, why it was judged so, what is odd about it, and the draft. */

import type { JsonObject } from '../../../kernel/json.ts'
import { oneLine } from '../../../observe/plain-text.ts'
import type { InboxItem } from '../../commands/inbox-item.ts'
import { isLetter } from '../../commands/letter-actions.ts'
import type { ShownMessage, ShownReview } from '../../commands/review-show.ts'
import { answers } from './answers.ts'
import { answerText } from './audit-view.ts'
import { quality, warningLines } from './inbox-view.ts'
import { mailIn, type ProposedMail } from './proposed-mail.ts'
import { aboutLines, factLines } from './review-about.ts'
import { block, fit, moment, pad, percent, person, prose, type View, whatNext } from './view.ts'

const INDENT = 4
const LABEL = 11

export function reviewView(review: ShownReview, view: View): string {
  const { bold } = view.colors
  const { message } = review
  const lines = [
    `${bold(review.id)}  ${judged(review, view)}${bold(oneLine(review.summary))}`,
    ...(message === null ? [] : ['', ...messageLines(message, view)]),
    '',
    ...whyLines(review, view),
    ...warningsOf(review, view),
    ...draftLines(review, view),
    ...aboutSection(review, view),
    ...alternativeLines(review, view),
    '',
    ...(review.status === 'waiting' ? whatNext(answers(review, view), view) : endedLines(review, view)),
  ]
  return lines.join('\n')
}

/** How good a lead it is, and how sure that is; nothing for what is no lead. */
function judged(review: ShownReview, view: View): string {
  if (!isLetter(review.action)) return ''
  const worth = review.calibrated === null ? '' : `, worth ${percent(review.calibrated)}`
  return `${quality(review, view)} ${percent(review.confidence)}${worth}  `
}

function messageLines({ from, date, subject, text, attachments }: ShownMessage, view: View): string[] {
  const { width, colors } = view
  const files = attachments.map(
    ({ filename, contentType, size }) => `${filename || contentType} (${size} bytes)`,
  )
  return [
    colors.bold('The mail'),
    field('from', person(from), view),
    ...(date === null ? [] : [field('date', moment(Date.parse(date)), view)]),
    field('subject', subject || '(no subject)', view),
    ...(files.length === 0 ? [] : [field('files', files.join(', '), view)]),
    '',
    ...prose(text, INDENT, width),
  ]
}

function whyLines({ reason, evidence }: InboxItem, view: View): string[] {
  const { bold, dim } = view.colors
  const reasons = evidence.map(
    (one) => one as { label?: string; words?: string; weight?: number; why?: string },
  )
  const lines = reasons.map(({ label, why, words, weight }) => {
    const points = weight === undefined ? '' : String(weight > 0 ? `+${weight}` : weight)
    return `${pad(points, 5)} ${label ?? why ?? ''}${words ? `: “${words}”` : ''}`
  })
  return [
    bold('Why'),
    ...(lines.length === 0 ? block(reason, INDENT, view.width) : []),
    ...lines.map(
      (line) => `${' '.repeat(INDENT)}${dim(fit(oneLineKeepingStart(line), view.width - INDENT))}`,
    ),
    ...missing(reason, view),
    '',
  ]
}

function oneLineKeepingStart(line: string): string {
  return line.slice(0, 6) + oneLine(line.slice(6))
}

/** What the mail does not say, which the draft asks for. */
function missing(reason: string, view: View): string[] {
  const [, gaps] = /; missing: ([\w, ]+)$/.exec(reason) ?? []
  return gaps === undefined ? [] : [`${' '.repeat(INDENT)}${view.colors.dim(`not said: ${gaps}`)}`]
}

function warningsOf({ warnings }: InboxItem, view: View): string[] {
  if (warnings.length === 0) return []
  const lines = warnings.flatMap((warning) => warningLines(warning, INDENT, view, 4))
  return [view.colors.red(view.colors.bold('Take care')), ...lines, '']
}

export function draftLines(
  { proposal, action }: Pick<InboxItem, 'proposal' | 'action'>,
  view: View,
): string[] {
  const title = view.colors.bold(isLetter(action) ? 'The draft' : 'The proposal')
  const mail = isLetter(action) ? null : mailIn(proposal)
  const { body, ...rest } = mail === null ? proposal : mailFields(proposal, mail)
  const heads = Object.entries(rest).map(([name, value]) => field(name, spoken(value), view))
  return [title, ...heads, ...(typeof body === 'string' ? ['', ...prose(body, INDENT, view.width)] : [])]
}

function mailFields({ operation }: JsonObject, mail: ProposedMail): JsonObject {
  const { to, subject, messageId, text } = mail
  const head = { operation: operation ?? '', to: to.map(person).join(', '), subject }
  return { ...head, ...(messageId === null ? {} : { 'Message-ID': messageId }), body: text }
}

function aboutSection(review: ShownReview, view: View): string[] {
  const lines = aboutLines(review, view, INDENT, LABEL)
  return lines.length === 0 ? [] : ['', view.colors.bold('To know'), ...lines]
}

/** What may be chosen in its place, with the fields that differ. */
function alternativeLines({ alternatives, proposal }: ShownReview, view: View): string[] {
  return alternatives.flatMap(({ title, proposal: other }, i) => [
    '',
    `${view.colors.bold(`Or ${i + 1}`)}  ${oneLine(title)}`,
    ...Object.entries(other)
      .filter(([name, value]) => spoken(value) !== spoken(proposal[name]))
      .flatMap(([name, value]) => factLines(name, spoken(value), view, INDENT, LABEL)),
  ])
}

function spoken(value: JsonObject[string] | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function field(name: string, value: string, view: View): string {
  const room = view.width - INDENT - LABEL
  return `${' '.repeat(INDENT)}${view.colors.dim(pad(name, LABEL))}${fit(oneLine(value), room)}`
}

function endedLines({ status, run, answer }: ShownReview, view: View): string[] {
  return [
    ...block(`This review was ${status}${answer === null ? '' : answerText(answer)}.`, 0, view.width),
    '',
    ...whatNext([[view.command(`run show ${run}`), 'what became of it']], view),
  ]
}
