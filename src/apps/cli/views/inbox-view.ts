/** The inbox on a terminal. */
import { oneLine } from '../../../observe/plain-text.ts'
import type { InboxItem } from '../../commands/inbox-item.ts'
import { isLetter } from '../../commands/letter-actions.ts'
import { answers } from './answers.ts'
import { mailIn } from './proposed-mail.ts'
import { deadlineText } from './review-about.ts'
import { age, block, count, fit, moment, pad, percent, person, type View, whatNext } from './view.ts'

const INDENT = 4
/** Columns for the id and the quality. */
const LEFT = 18
/** Lines for the reasons, and for one warning. */
const MOST_LINES = 2

/** @param most items that are shown; the rest is counted. @param snoozed whether these are the ones that were put off */
export function inboxView(items: readonly InboxItem[], view: View, most: number, snoozed = false): string {
  const { bold } = view.colors
  const [first] = items
  if (first === undefined) return snoozed ? 'Nothing is put off.' : emptyView(view)
  const shown = items.slice(0, most)
  const rest = items.length - shown.length
  const lines = [
    bold(`${count(items.length, 'review')} ${stateOf(items.length, snoozed)}`) + care(items, view),
    '',
    ...shown.flatMap((item) => [...itemLines(item, view), '']),
    ...(rest > 0 ? [`${' '.repeat(INDENT)}… and ${rest} more: ${view.command('inbox --all')}`, ''] : []),
    ...whatNext(nextFor(first, view), view),
  ]
  return lines.join('\n')
}

function stateOf(many: number, snoozed: boolean): string {
  if (snoozed) return many === 1 ? 'is put off' : 'are put off'
  return many === 1 ? 'waits for your word' : 'wait for your word'
}

/** So that a warning far down is not overlooked. */
function care(items: readonly InboxItem[], { colors }: View): string {
  const warned = items.filter(({ warnings }) => warnings.length > 0).length
  return warned === 0 ? '' : colors.red(`, ${warned} with a warning`)
}

function emptyView(view: View): string {
  const lines = [
    'Nothing waits for your word.',
    '',
    ...whatNext(
      [
        [view.command('ingest FILE…'), 'take in mail from files'],
        [view.command('runs'), 'what became of the mail so far'],
      ],
      view,
    ),
  ]
  return lines.join('\n')
}

function itemLines(item: InboxItem, view: View): string[] {
  const { bold, dim } = view.colors
  const { message, requested, customer } = item
  const from = oneLine(person(customer ?? message?.from ?? null) || item.run)
  const since = age(sentAt(item) ?? requested, view.now)
  const right = `${isLetter(item.action) ? `${percent(item.confidence)} sure  ` : ''}${since.padStart(8)}`
  const room = view.width - LEFT - right.length - 2
  const head = `${bold(pad(item.id, 11))} ${quality(item, view)} ${pad(fit(from, room), room)}  ${dim(right)}`
  return [
    head,
    bold(block(titleOf(item), INDENT, view.width, 1)[0] ?? ''),
    ...block(reasonOf(item), INDENT, view.width, MOST_LINES).map(dim),
    ...timeLines(item, view),
    ...item.warnings.flatMap((warning) => warningLines(warning, INDENT, view, MOST_LINES)),
  ]
}

/** Until when, where there is such a time. */
function timeLines(item: InboxItem, { colors, width }: View): string[] {
  const paint = item.overdue ? colors.red : colors.yellow
  const deadline = deadlineText(item)
  const back = item.snoozedUntil === null ? null : `put off until ${moment(item.snoozedUntil)}`
  return [deadline, back].flatMap((text) =>
    text === null ? [] : block(`! ${text}`, INDENT, width, MOST_LINES).map(paint),
  )
}

/** Without the quality in front, which stands in the line above. */
function reasonOf({ reason, quality: value }: InboxItem): string {
  return value !== null && reason.startsWith(`${value}, `) ? reason.slice(value.length + 2) : reason
}

function titleOf({ action, message, summary, proposal }: InboxItem): string {
  const mail = isLetter(action) ? null : mailIn(proposal)
  if (mail !== null) return `${summary}: “${mail.subject}” to ${mail.to.map(person).join(', ')}`
  if (!isLetter(action)) return summary
  const subject = message?.subject || '(no subject)'
  return action === 'send-follow-up' ? `Follow-up: ${subject}` : subject
}

function sentAt({ message, requested }: InboxItem): number | null {
  const at = message?.date ? Date.parse(message.date) : Number.NaN
  return Number.isNaN(at) || at > requested ? null : at
}

export function quality({ quality: value }: Pick<InboxItem, 'quality'>, { colors }: View): string {
  const text = pad(value ?? '', 5)
  if (value === 'hot') return colors.red(colors.bold(text))
  return value === 'warm' ? colors.yellow(text) : colors.dim(text)
}

const WARNINGS: Readonly<Record<string, string>> = {
  'instruction-to-assistant': 'INJECTION ATTEMPT: the mail tries to give orders to an assistant',
  'from-outside': 'FROM OUTSIDE: not your own word',
  'hidden-text': 'HIDDEN TEXT',
  'asks-for-secrets': 'ASKS FOR SECRETS',
  'reply-to-differs': 'ANSWERS GO ELSEWHERE than to the sender: to',
  'link-mismatch': 'A LINK LEADS ELSEWHERE than it says',
}

export function warningLines(
  warning: unknown,
  indent: number,
  { colors, width }: View,
  most: number,
): string[] {
  const { kind = '', words = '' } = (warning ?? {}) as { kind?: string; words?: string }
  const text = `! ${WARNINGS[kind] ?? kind}${words ? `: “${words}”` : ''}`
  return block(text, indent, width, most).map((line) => colors.red(line))
}

function nextFor(item: InboxItem, view: View): [string, string][] {
  const what = isLetter(item.action) ? 'the mail, the whole draft' : 'all of it'
  return [[view.command(`review ${item.id}`), what], ...answers(item, view)]
}
