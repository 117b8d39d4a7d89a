/** Answers on record: who said what, by which way, how much was changed, and how long it took. */
import type { AnswerRecord } from '../../../runtime/reviews/answer-records.ts'
import type { Audit, ListedAnswer } from '../../commands/reviews.ts'
import { age, count, moment, percent, table, type View, whatNext } from './view.ts'

export function auditView({ answers, totals }: Audit, view: View): string {
  const { dim, green, red } = view.colors
  if (totals.answers === 0) return 'Nothing was answered.'
  const paint = (text: string, row: number): string =>
    answers[row]?.verdict === 'rejected' ? red(text) : /approved|edited/.test(text) ? green(text) : text
  const [first] = answers
  return [
    ...table(
      [
        { title: 'REVIEW' },
        { title: 'ANSWER', paint },
        { title: 'CHANGED', right: true },
        { title: 'BY' },
        { title: 'WAY' },
        { title: 'WHEN', right: true },
        { title: 'LOOKED', right: true },
        { title: 'WHAT', gives: 1, least: 20 },
      ],
      answers.map((one) => cellsOf(one, view)),
      view,
    ),
    '',
    dim(totalText(totals)),
    ...(first === undefined
      ? []
      : ['', ...whatNext([[view.command(`review ${first.review}`), 'one of them whole']], view)]),
  ].join('\n')
}

function cellsOf(one: ListedAnswer, { now }: View): string[] {
  const { review, verdict, distance, actor, way, time, operatorMs, summary, workflow, action, seen } = one
  return [
    review,
    verdict,
    verdict === 'edited' ? percent(distance) : '',
    actor,
    `${way}${seen || way === 'rule' || way === 'expiry' ? '' : ', unseen'}`,
    age(time, now),
    operatorMs === null ? '' : lookText(operatorMs),
    summary ?? `${action} of ${workflow}`,
  ]
}

/** Fits after "was approved". */
export function answerText({ actor, way, time, distance, operatorMs, verdict }: AnswerRecord): string {
  const changed = verdict === 'edited' ? `, ${percent(distance)} changed` : ''
  const looked = operatorMs === null ? '' : `, after a look of ${lookText(operatorMs)}`
  return ` by ${actor} (${way}) on ${moment(time)}${changed}${looked}`
}

/** `40 s`, `3 min`. */
function lookText(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`
}

function totalText(totals: Audit['totals']): string {
  const { answers, approved, edited, rejected, responded, byRule, byExpiry, unseen, operatorMs } = totals
  return [
    `${count(answers, 'answer')}: ${approved} approved, ${edited} edited, ${rejected} rejected, ${responded} responded`,
    ...(byRule > 0 ? [`${byRule} by a delegation`] : []),
    ...(byExpiry > 0 ? [`${byExpiry} by a deadline`] : []),
    ...(unseen > 0 ? [`${unseen} without having been shown`] : []),
    `${lookText(operatorMs)} of your time`,
  ].join('; ')
}
