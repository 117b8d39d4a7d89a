/** Reviews that are equals: what they have in common, how each differs, and what became of one answer for all. */
import { oneLine } from '../../../observe/plain-text.ts'
import type { InboxItem } from '../../commands/inbox-item.ts'
import type { BatchAnswered, Equals } from '../../commands/review-batch.ts'
import { riskText } from './review-about.ts'
import { block, count, fit, pad, type View, whatNext } from './view.ts'

const INDENT = 4
/** Lines of one field of one review. */
const MOST_LINES = 4

export function equalsView({ like, reviews, left }: Equals, view: View): string {
  const { bold, dim } = view.colors
  const [first] = reviews
  const names = like.fields.map(({ name }) => name)
  const same = names.filter((name) => reviews.every((one) => spoken(one, name) === spoken(first, name)))
  const isOne = reviews.length === 1
  return [
    bold(
      `${count(reviews.length, 'review')} ${isOne ? 'asks' : 'ask'} for ${like.action} of ${like.workflow}`,
    ),
    ...(first?.risk ? block(`leads to ${riskText(first.risk)}`, INDENT, view.width) : []),
    ...(isOne || first === undefined || same.length === 0
      ? []
      : ['', bold('Alike in all'), ...same.flatMap((name) => fieldLines(first, name, view))]),
    ...reviews.flatMap((review) => [
      '',
      `${bold(review.id)}  ${fit(oneLine(review.summary), view.width - 14)}`,
      ...names
        .filter((name) => isOne || !same.includes(name))
        .flatMap((name) => fieldLines(review, name, view)),
    ]),
    ...(left.length === 0 ? [] : ['', bold('Left out')]),
    ...left.map(({ id, why }) => `${' '.repeat(INDENT)}${id}  ${dim(why)}`),
    '',
  ].join('\n')
}

function fieldLines(review: InboxItem, name: string, view: View): string[] {
  const lines = block(spoken(review, name), INDENT + 11, view.width, MOST_LINES)
  const [head = '', ...rest] = lines
  return [`${' '.repeat(INDENT)}${view.colors.dim(pad(oneLine(name), 10))} ${head.trimStart()}`, ...rest]
}

function spoken(review: InboxItem | undefined, name: string): string {
  const value = review?.proposal[name] ?? null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function batchText({ answered, batch }: BatchAnswered, view: View): string {
  const verdict = answered[0]?.status ?? 'answered'
  return [
    view.colors.green(
      `${count(answered.length, 'review')} ${verdict} in one commit (${batch}), each for what was shown of it.`,
    ),
    '',
    ...whatNext(
      [
        [view.command('inbox'), 'what else waits'],
        [view.command('reviews'), 'what was answered'],
      ],
      view,
    ),
  ].join('\n')
}
