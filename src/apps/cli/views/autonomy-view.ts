/** Levels of autonomy as a table, with what is offered and what is missing; calibrations as another. */
import type { Calibration, Standing } from '../../../ports/autonomy.ts'
import type { ShownAutonomy } from '../../commands/autonomy.ts'
import { age, block, type Column, count, table, type View, whatNext } from './view.ts'

const INDENT = 4
const LABEL = 10
const MOST_SHADOWS = 10

export function autonomyView(shown: ShownAutonomy, view: View): string {
  const { standings, shadows, vigilance } = shown
  if (standings.length === 0) return 'No agent has proposed anything yet.'
  const { checks, caught } = vigilance
  const seen = `${caught} of ${count(checks, 'known-bad item')} that you answered ${caught === 1 ? 'was' : 'were'} caught`
  return [
    ...standings.flatMap((standing) => [...standingLines(standing, view), '']),
    ...shadowLines(shadows, view),
    ...(checks === 0 ? [] : [seen, '']),
    ...whatNext(nextFor(shown, view), view),
  ].join('\n')
}

function standingLines(standing: Standing, view: View): string[] {
  const { level, ceiling, ceilingSet, effect, tier, since } = standing
  const { bold, dim } = view.colors
  const when = since === null ? '' : `, since ${age(since, view.now)}`
  const limit = ceilingSet ? 'on your word' : `as its effect is ${effect}`
  return [
    `${bold(nameOf(standing))}  ${paintOf(level, view)(level)} ${dim(`(${HOW[standing.by]}${when})`)}`,
    ...field('answers', answersOf(standing), view),
    ...field('next', nextOf(standing), view),
    ...field('ceiling', `${ceiling}, ${limit}; risk tier ${tier}`, view),
    ...field('drift', driftText(standing), view),
    ...field('because', standing.by === 'demotion' ? standing.reason : '', view),
  ]
}

const HOW = { default: 'as by default', operator: 'on your word', promotion: 'earned', demotion: 'lowered' }

function paintOf(level: Standing['level'], { colors }: View): (text: string) => string {
  const { dim, green, yellow, red } = colors
  return { off: dim, shadow: dim, review: green, sampled: yellow, auto: red }[level]
}

function field(label: string, text: string, view: View): string[] {
  if (text === '') return []
  const [first = '', ...rest] = block(text, INDENT + LABEL, view.width)
  const left = `${' '.repeat(INDENT)}${view.colors.dim(label.padEnd(LABEL))}`
  return [`${left}${first.trimStart()}`, ...rest]
}

/** How many counted, how many were errors, and what is known by that. */
function answersOf({ reviews, errors, bound, answers, missed }: Standing): string {
  const { automatic } = answers
  const known = `${count(reviews, 'answer')} at this level, ${count(errors, 'error')}: errors below ${percentOf(bound)}`
  return [
    known,
    ...(automatic === 0 ? [] : [`${automatic} given without you`]),
    ...(missed === 0 ? [] : [`${count(missed, 'audit')} missed, as a deadline answered`]),
  ].join('; ')
}

function nextOf({ next, tolerance, eValue, threshold }: Standing): string {
  const { level, missing, offered, hindrance } = next
  if (level === null) return ''
  const needed = `below ${percentOf(tolerance)} needed, evidence ${short(eValue)} of ${short(threshold)}`
  if (offered) return `${level} is offered (${needed})`
  if (hindrance !== '') return `${level} can't be offered: ${hindrance} (${needed})`
  const more = missing === null ? 'far off' : `about ${missing} more approved as they are`
  return `${level}: ${more} (${needed})`
}

function driftText({ drift }: Standing): string {
  return drift === null ? '' : `${short(drift.value)} of ${short(drift.limit)}`
}

function shadowLines(shadows: ShownAutonomy['shadows'], view: View): string[] {
  if (shadows.length === 0) return []
  return [
    `${count(shadows.length, 'proposal')} in shadow to be compared with what you did:`,
    ...shadows
      .slice(0, MOST_SHADOWS)
      .map((one) => `${' '.repeat(INDENT)}${one.review}  ${nameOf(one)}, ${age(one.time, view.now)}`),
    '',
  ]
}

function nextFor({ standings, shadows }: ShownAutonomy, view: View): [string, string][] {
  const offered = standings.find(({ next }) => next.offered)
  const known = offered ?? standings[0]
  const typed = known === undefined ? '' : typedOf(known)
  return [
    ...(offered === undefined
      ? []
      : ([
          [view.command(`autonomy accept ${typed}`), `level ${offered.next.level}, as offered`],
          [view.command(`autonomy decline ${typed}`), 'stay, and begin the count anew'],
        ] as [string, string][])),
    ...(shadows[0] === undefined
      ? []
      : ([[view.command(`autonomy compare ${shadows[0].review} --same`), 'you did what was proposed']] as [
          string,
          string,
        ][])),
    [view.command('autonomy --calibration'), 'what the confidence of each is worth'],
  ]
}

function typedOf({ agent, action, segment }: Standing): string {
  return `${agent} ${action}${segment === 'all' ? '' : ` --segment ${segment}`}`
}

export function standingLine(standing: Standing): string {
  const { level, ceiling, by } = standing
  const how = {
    default: 'as by default',
    operator: 'on your word',
    promotion: 'earned',
    demotion: 'lowered',
  }[by]
  return `${nameOf(standing)}: level ${level} (${how}), ceiling ${ceiling}.`
}

export function calibrationView(calibrations: readonly Calibration[], view: View): string {
  if (calibrations.length === 0) return 'No outcomes yet.'
  const cells = calibrations.map(({ agent, action, method, outcomes, right, raw, calibrated }) => [
    `${agent} ${action}`,
    method,
    String(outcomes),
    String(right),
    number(raw.ece),
    number(calibrated?.ece ?? null),
    number(raw.brier),
    number(calibrated?.brier ?? null),
  ])
  const titles = ['OUTCOMES', 'RIGHT', 'ECE', 'CALIBRATED', 'BRIER', 'CALIBRATED']
  const columnsOf: Column[] = [
    { title: 'AGENT AND ACTION', gives: 1, least: 18 },
    { title: 'METHOD' },
    ...titles.map((title) => ({ title, right: true as const })),
  ]
  const maps = calibrations.flatMap(({ agent, action, method, map }) =>
    method === 'none'
      ? []
      : [
          '',
          `${agent} ${action}: ${map.map(({ raw, calibrated }) => `${raw} → ${number(calibrated)}`).join(', ')}`,
        ],
  )
  return [
    ...table(columnsOf, cells, view),
    ...maps.flatMap((line) => (line === '' ? [''] : block(line, 0, view.width))),
    '',
    ...whatNext([[view.command('autonomy --calibration --json'), 'the data of the diagrams']], view),
  ].join('\n')
}

function nameOf({ agent, action, segment }: Pick<Standing, 'agent' | 'action' | 'segment'>): string {
  return `${agent} ${action}${segment === 'all' ? '' : ` (${segment})`}`
}

/** `4.3 %` */
export function percentOf(part: number): string {
  return `${Math.round(part * 1_000) / 10} %`
}

function short(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 0 : 1)
}

function number(value: number | null): string {
  return value === null ? '' : value.toFixed(3)
}
