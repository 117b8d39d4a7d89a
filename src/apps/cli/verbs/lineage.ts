/** `holdfast lineage` */
import type { EventLineage, Lineage, Trace } from '../../../observe/lineage.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { count, moment, table, type View, viewOf } from '../views/view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 20

export const lineage: VerbRun = async (call) => {
  const { args, out, io } = call
  const found = await carryOut(call, 'lineage', { what: args[0] ?? '', limit: limitOf(call, LIMIT) }, io)
  if (out.json) out.document(found)
  else out.text(lineageText(found, viewOf(call)))
  return found.first === null ? 1 : 0
}

function lineageText({ of, places, more, first }: Lineage, view: View): string {
  const { bold, dim } = view.colors
  if (first === null) return `Nothing on record holds ${JSON.stringify(of)}.`
  const isEvent = places.length === 1 && places[0]?.path === ''
  const held = isEvent
    ? []
    : [
        ...traces(
          places,
          view,
          places.map(({ path }) => path),
        ),
        '',
        dim(`${count(places.length, 'place')}${more ? ', and more' : ''}; the first of them:`),
        '',
      ]
  return [...held, bold(lineOf(first.event)), ...restsOn(first, view)].join('\n')
}

function restsOn({ sources, began, seen, cause, endorsedBy, event }: EventLineage, view: View): string[] {
  const { dim } = view.colors
  const readers =
    event.label.readers === null ? '' : `, for ${event.label.readers.join(', ') || 'nobody'} to read`
  return [
    `  trust    ${event.label.trust}${readers}`,
    ...(endorsedBy === null ? [] : [`  approved ${endorsedBy}: its words are the owner’s`]),
    ...sources.flatMap(({ source, events }) => [
      `  from     ${source}`,
      ...events.map((one) => `           ${lineOf(one)}`),
    ]),
    ...(cause === null ? [] : [`  because  ${lineOf(cause)}`]),
    ...(began === null ? [] : [`  run      ${lineOf(began)}`]),
    ...(seen.length === 0
      ? []
      : ['', dim('What its run had seen before, the last first:'), ...traces(seen, view)]),
  ]
}

function traces(rows: readonly Trace[], view: View, paths?: readonly string[]): string[] {
  const columns = [
    { title: 'EVENT', right: true as const },
    { title: 'WHEN' },
    { title: 'TRUST' },
    { title: 'KIND' },
    { title: 'STREAM', gives: 1, least: 12 },
    { title: paths === undefined ? 'WHAT' : 'FIELD', gives: 1, least: 10 },
  ]
  const cells = rows.map(({ position, time, label, kind, stream, what }, i) => [
    `#${position}`,
    moment(time),
    label.trust,
    kind,
    stream,
    paths?.[i] ?? what,
  ])
  return table(columns, cells, view)
}

function lineOf({ position, time, kind, stream, what, actor }: Trace): string {
  return `#${position} ${kind}${what === '' ? '' : ` “${what}”`}, ${stream}, ${moment(time)}, by ${actor}`
}
