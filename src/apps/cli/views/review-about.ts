/** What a review says of itself besides the proposal: where it leads, what it has cost, what else, and until when. */
import type { Risk } from '../../../kernel/review.ts'
import type { InboxItem } from '../../commands/inbox-item.ts'
import { count, moment, pad, prose, type View } from './view.ts'

const EFFECTS: Readonly<Record<Risk['effect'], string>> = {
  read: 'only reads',
  reversible: 'can be undone',
  external: 'leaves this machine, or is seen by others',
  irreversible: "can't be taken back",
}

export function riskText({ operation, effect, hasUndo, criticalArguments }: Risk): string {
  const undo = effect === 'external' && hasUndo ? ', and can be undone' : ''
  const critical = criticalArguments.length === 0 ? '' : `; look at ${criticalArguments.join(', ')}`
  return `${operation}, which ${EFFECTS[effect]}${undo}${critical}`
}

const EXPIRY: Readonly<Record<InboxItem['onExpiry'], string>> = {
  keep: 'it goes on waiting after that',
  escalate: 'after that an alert is raised, and it goes on waiting',
  reject: 'after that it is rejected',
  approve: 'after that it is approved',
}

export function deadlineText({ deadline, overdue, onExpiry }: InboxItem): string | null {
  if (deadline === null) return null
  return overdue
    ? `was to be answered by ${moment(deadline)}`
    : `until ${moment(deadline)}; ${EXPIRY[onExpiry]}`
}

/** In the order in which a person asks; empty for a review that says nothing of the kind. */
export function aboutLines(review: InboxItem, view: View, indent: number, label: number): string[] {
  const { risk, cost, snoozedUntil } = review
  const { modelCalls, priceMicros, inputTokens, outputTokens } = cost
  const price = modelCalls === 0 ? null : `$${(priceMicros / 1e6).toFixed(4)}`
  const facts: (readonly [string, string | null])[] = [
    ['leads to', risk && riskText(risk)],
    [
      'cost',
      price && `${count(modelCalls, 'model call')}, ${inputTokens + outputTokens} tokens, ${price} so far`,
    ],
    ['answer', deadlineText(review)],
    ['put off', snoozedUntil === null ? null : `until ${moment(snoozedUntil)}`],
    ['segment', review.segment],
  ]
  return facts.flatMap(([name, text]) => (text === null ? [] : factLines(name, text, view, indent, label)))
}

export function factLines(name: string, text: string, view: View, indent: number, label: number): string[] {
  const [first = '', ...rest] = prose(text, indent + label, view.width)
  return [`${' '.repeat(indent)}${view.colors.dim(pad(name, label))}${first.trimStart()}`, ...rest]
}
