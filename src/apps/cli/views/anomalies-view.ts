/** Anomalies, with what was expected and what was seen; and what is normal, as a table. */
import { said, windowText } from '../../../autonomy/anomalies/words.ts'
import type { Anomaly, Normal } from '../../../ports/anomalies.ts'
import type { ShownAnomalies } from '../../commands/anomalies.ts'
import { age, block, count, moment, table, type View, whatNext } from './view.ts'

const INDENT = 4
const LABEL = 11

export function anomaliesView(shown: ShownAnomalies, view: View): string {
  const { anomalies } = shown
  const first = anomalies[0]
  const normal: [string, string] = [view.command('anomalies --normal'), 'what is usual, and the limits']
  if (first === undefined) {
    return ['Nothing is far from what it was.', '', ...whatNext([normal], view)].join('\n')
  }
  const held = anomalies.filter(({ liftedAt }) => liftedAt === null)
  const lift: [string, string][] =
    held[0] === undefined
      ? []
      : [[view.command(`anomaly lift ${held[0].agent}`), 'it is well; its count begins anew']]
  return [
    ...anomalies.flatMap((one) => [...anomalyLines(one, view), '']),
    view.colors.dim(count(anomalies.length, 'anomaly', 'anomalies')),
    '',
    ...whatNext([...lift, [view.command('inbox'), 'what waits for your word'], normal], view),
  ].join('\n')
}

function anomalyLines(anomaly: Anomaly, view: View): string[] {
  const { agent, severity, measure, seen, of, expected, limit, samples, from, liftedAt, liftedBecause } =
    anomaly
  const { bold, red, yellow, dim } = view.colors
  const is = severity === 'quarantine' ? red('in quarantine') : yellow('levels lowered')
  const was = liftedAt === null ? is : dim('lifted')
  const one = measure === 'failures' ? ` of ${of}` : ''
  const rest = from === null ? `${samples} before` : `${count(samples, 'window')} before`
  return [
    `${bold(agent)}  ${was} ${dim(`(${anomaly.id}, ${age(anomaly.time, view.now)})`)}`,
    ...field('what', anomaly.reason, view),
    ...field('seen', `${said(measure, seen)}${one}${from === null ? '' : `, since ${moment(from)}`}`, view),
    ...field(
      'expected',
      `${said(measure, expected)}, by ${rest}; told from ${said(measure, limit)} on`,
      view,
    ),
    ...field('lifted', liftedAt === null ? '' : `${moment(liftedAt)} ${liftedBecause}`.trim(), view),
  ]
}

function field(label: string, text: string, view: View): string[] {
  if (text === '') return []
  const [first = '', ...rest] = block(text, INDENT + LABEL, view.width)
  return [`${' '.repeat(INDENT)}${view.colors.dim(label.padEnd(LABEL))}${first.trimStart()}`, ...rest]
}

export function normalView({ normal, windowMs }: ShownAnomalies, view: View): string {
  const rows = normal ?? []
  if (rows.length === 0) return 'No agent has done anything yet.'
  const columns = [
    { title: 'AGENT', gives: 1, least: 14 },
    { title: 'WHAT' },
    { title: 'USUAL', right: true as const },
    { title: 'NOW', right: true as const },
    { title: 'LOWERED AT', right: true as const },
    { title: 'QUARANTINE AT', right: true as const },
    { title: 'KNOWN', right: true as const },
  ]
  const learning = rows.some(({ samples, needed }) => samples < needed)
  return [
    ...table(columns, rows.map(cellsOf), view),
    '',
    view.colors.dim(`By ${windowText(windowMs)}; amounts one by one.`),
    ...(learning
      ? block(`Nothing is told before ${rows[0]?.needed} are known.`, 0, view.width).map(view.colors.dim)
      : []),
  ].join('\n')
}

function cellsOf({
  agent,
  measure,
  what,
  expected,
  now,
  lowerAt,
  quarantineAt,
  samples,
  needed,
}: Normal): string[] {
  const usual = measure === 'failures' ? `${Math.round(expected * 100)} %` : said(measure, expected)
  const at = (value: number | null): string => (value === null ? '' : said(measure, value))
  const known = samples < needed ? `${samples} of ${needed}` : String(samples)
  return [agent, what ?? measure, samples === 0 ? '' : usual, at(now), at(lowerAt), at(quarantineAt), known]
}
