/** The flags as a table, one of them whole, and why one says what it says. */
import type { Condition, FlagDefinition, Rule } from '../../../flags/definitions.ts'
import type { FlagExplanation, RuleResult } from '../../../flags/evaluate.ts'
import type { FlagCount } from '../../../flags/flag-index.ts'
import type { SkippedStart } from '../../../runtime/life/skipped-starts.ts'
import type { FlagList, ShownFlag } from '../../commands/flags.ts'
import { block, type Column, count, moment, table, type View, whatNext } from './view.ts'

export function flagsView(list: FlagList, view: View): string {
  const { bold, dim, yellow } = view.colors
  const [first] = list.flags
  const name = first?.name ?? 'workflow.lead-qualification'
  const lines = (...texts: string[]) => texts.flatMap((text) => block(text, 2, view.width))
  const flags = [
    ...list.flags.flatMap((flag) => [
      `${bold(flag.name)}  ${flag.enabled ? 'on' : yellow('switched off')}  ${dim(flag.type)}`,
      ...lines(stateText(flag), `answers: ${countsText(flag.counts)}`),
    ]),
    ...list.undefined.flatMap(({ name, counts }) => [
      `${bold(name)}  ${dim('asked for, and not in flags.yaml')}`,
      ...lines(`answers: ${countsText(counts)}`),
    ]),
  ]
  const broken = `The flags have a mistake; the last valid ones stay in force. ${list.problem}`
  return [
    ...(list.problem === null ? [] : [...block(broken, 0, view.width).map(yellow), '']),
    ...(flags.length === 0 ? ['No flags.'] : flags),
    ...(list.segments.length === 0 ? [] : ['', bold('Segments')]),
    ...list.segments.flatMap(({ name, match, where, usedBy }) =>
      block(
        `${name}: ${where.map(conditionText).join(match === 'all' ? ' and ' : ' or ')} (${usedBy.join(', ') || 'not used'})`,
        2,
        view.width,
      ),
    ),
    ...(list.version === null ? [] : ['', dim(`version ${list.version.slice(0, 12)}`)]),
    '',
    ...whatNext(
      [
        ...(first === undefined
          ? []
          : ([[view.command(`flag explain ${name} --customer X`), 'which rule answers, and why']] as const)),
        [view.command(`flag off ${name}`), 'for everybody, at once'],
        ...(list.skipped === 0
          ? []
          : ([[view.command('flag skipped'), `${count(list.skipped, 'run')} kept from beginning`]] as const)),
      ],
      view,
    ),
  ].join('\n')
}

function stateText({ enabled, off, rules, default: variant }: FlagDefinition): string {
  if (!enabled) return `everybody: ${off}`
  return [...rules.map(ruleText), variant].join('; else ')
}

function ruleText({ segment, serve, split }: Rule): string {
  const shares = Object.entries(split ?? {}).map(([variant, percent]) => `${variant} ${percent} %`)
  const what = serve ?? shares.join(', ')
  return segment === null ? what : `${segment}: ${what}`
}

function conditionText({ field, operator, value }: Condition): string {
  return `${field} ${operator} ${Array.isArray(value) ? value.join(', ') : String(value)}`
}

function countsText(counts: readonly FlagCount[]): string {
  if (counts.length === 0) return 'none yet'
  return counts
    .map(({ variant, reason, segment, count: times }) => {
      const because = segment === '' ? reason : `${reason} ${segment}`
      return `${times} × ${variant || 'default of the code'} (${because})`
    })
    .join(', ')
}

export function flagView(flag: ShownFlag, view: View): string {
  const { bold, dim } = view.colors
  const variants = Object.entries(flag.variants).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  return [
    `${bold(flag.name)}  ${dim(`${flag.type}, ${flag.enabled ? 'on' : `switched off: everybody gets ${flag.off}`}`)}`,
    ...(flag.description === '' ? [] : block(flag.description, 2, view.width)),
    ...block(`variants: ${variants.join(', ')}`, 2, view.width),
    ...flag.rules.flatMap((rule, i) => block(`rule ${i + 1}: ${ruleText(rule)}`, 2, view.width)),
    `  else: ${flag.default}`,
    ...block(`answers: ${countsText(flag.counts)}`, 2, view.width),
    ...(flag.versions.length === 0 ? [] : ['', bold('Changed')]),
    ...flag.versions.map(
      ({ time, version, change }) =>
        `  ${moment(time)}  ${dim(version.slice(0, 12))}  ${change === null ? 'in the file' : `by flag ${String(change.what)}`}`,
    ),
  ].join('\n')
}

export function explainedFlagView(explained: FlagExplanation, view: View): string {
  const { bold, dim } = view.colors
  const { flag, answer, enabled, key, place, facts, rules } = explained
  const known = Object.entries(facts).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : value}`,
  )
  const said = `${answer.variant ?? 'the default of the code'} (${JSON.stringify(answer.value)})`
  return [
    `${bold(flag)} says ${bold(said)}  ${dim(`${answer.reason}${answer.segment === null ? '' : `, segment ${answer.segment}`}`)}`,
    ...(answer.error === null ? [] : block(answer.error.message, 2, view.width)),
    ...(enabled ? [] : ['  It is switched off, so no rule is asked.']),
    ...rules.flatMap((rule, i) => ruleLines(rule, i, place, view)),
    ...(enabled && !rules.some(({ result }) => result === 'answers')
      ? ['  No rule answers: the default does.']
      : []),
    ...(key === null
      ? []
      : block(`place of ${key}: ${(place ?? 0).toFixed(2)} of 100`, 2, view.width).map(dim)),
    ...(known.length === 0 ? [] : block(`known: ${known.join('; ')}`, 2, view.width).map(dim)),
  ].join('\n')
}

const RESULTS: Readonly<Record<RuleResult['result'], string>> = {
  answers: 'answers',
  beyond: 'the place is beyond its shares',
  other: 'not of the segment',
  later: 'not come to',
}

function ruleLines(rule: RuleResult, index: number, place: number | null, view: View): string[] {
  const result =
    rule.result === 'beyond' && place !== null
      ? `${RESULTS.beyond} (${place.toFixed(2)})`
      : RESULTS[rule.result]
  return [
    ...block(`rule ${index + 1}: ${ruleText(rule)}: ${result}`, 2, view.width),
    ...rule.conditions.flatMap((condition) => {
      const known = condition.known === null ? 'not known' : `it is ${String(condition.known)}`
      return block(
        `${condition.holds ? 'holds' : 'does not hold'}: ${conditionText(condition)} (${known})`,
        4,
        view.width,
      )
    }),
  ]
}

export function skippedView(skipped: readonly SkippedStart[], view: View): string {
  const [first] = skipped
  if (first === undefined) return 'No runs were skipped.'
  const columns: Column[] = [
    { title: 'RUN', gives: 2, least: 12 },
    { title: 'CUSTOMER', gives: 3 },
    { title: 'SKIPPED' },
    { title: 'BECAUSE', gives: 1 },
  ]
  const cells = skipped.map(({ run, customer, time, reason }) => [run, customer ?? '', moment(time), reason])
  const next = view.command(`flag start ${first.run}`)
  return [...table(columns, cells, view), '', ...whatNext([[next, 'once its flag is on']], view)].join('\n')
}
