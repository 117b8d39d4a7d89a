/** Why a run is where it is: the sentence, each reason, and what can be done. */
import type { Explanation, Reason } from '../../../observe/explain/explanation.ts'
import { age, block, moment, type View, whatNext } from './view.ts'

const MOST = 10

export function whyView(explanation: Explanation, view: View): string {
  const { run, workflow, version, status, since, startedBy, summary, fix, positions } = explanation
  const { bold, dim } = view.colors
  const head = `${run}  ${dim(`${workflow} version ${version}, ${status} for ${age(since, view.now)}`)}`
  const commands = commandsOf(explanation).map((words) => [
    view.command(words),
    WHAT[words.split(' ')[0] ?? ''],
  ])
  return [
    bold(head),
    ...block(`Started by ${startedBy.words}.`, 0, view.width),
    ...block(`${summary}${eventsOf(positions)}`, 0, view.width),
    ...reasonLines(explanation, view, 2),
    ...(fix === null ? [] : ['', ...block(`What to do: ${fix}`, 0, view.width)]),
    ...(commands.length === 0 ? [] : ['', ...whatNext(commands as [string, string][], view)]),
  ].join('\n')
}

/** By the first word of the command. */
const WHAT: Readonly<Record<string, string>> = {
  review: 'read it, and answer',
  why: 'why that one is where it is',
  queue: 'all that waits to begin',
  breakers: 'the connectors that are down',
  run: 'the whole story, or another way from there',
  preflight: 'every run that the code does not fit',
  up: 'lets it go on',
}

function reasonLines({ reasons }: Explanation, view: View, indent: number): string[] {
  const more = reasons.length > MOST ? [`${' '.repeat(indent)}… and ${reasons.length - MOST} more`] : []
  return [...reasons.slice(0, MOST).flatMap((reason) => linesOf(reason, view, indent)), ...more]
}

function linesOf(reason: Reason, view: View, indent: number): string[] {
  const { words, since, until, next, error, positions, because } = reason
  const times = [
    ...(since === null ? [] : [`since ${moment(since)}`]),
    ...(until === null ? [] : [`until ${moment(until)}`]),
  ]
  const when = times.length === 0 ? '' : ` (${times.join(', ')})`
  return [
    ...block(`• ${words}${when}${eventsOf(positions)}`, indent, view.width),
    ...(error === null ? [] : block(`${error.code}: ${error.message}`, indent + 2, view.width, 3)),
    ...block(next, indent + 2, view.width),
    ...(because === null
      ? []
      : [...block(because.summary, indent + 2, view.width), ...reasonLines(because, view, indent + 4)]),
  ]
}

function eventsOf(positions: readonly number[]): string {
  return positions.length === 0 ? '' : ` [${positions.map((position) => `#${position}`).join(', ')}]`
}

function commandsOf({ commands, reasons }: Explanation): string[] {
  const typed = [...reasons.map(({ command }) => command).filter((one) => one !== null), ...commands]
  return [...new Set(typed)].slice(0, MOST)
}
