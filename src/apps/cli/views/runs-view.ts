/** The list of runs as a table. */
import type { ListedRun } from '../../commands/runs.ts'
import { age, type Column, count, moment, table, type View, whatNext } from './view.ts'

/** Of an id; with the rest left out it is still enough to type. */
const ID_LENGTH = 17

export function runsView(rows: readonly ListedRun[], view: View, limit: number): string {
  const [first] = rows
  if (first === undefined) return 'No runs.'
  const { green, yellow, red, dim, bold } = view.colors
  const paint = {
    queued: dim,
    completed: green,
    waiting: yellow,
    stalled: red,
    failed: red,
    cancelled: dim,
    continued: dim,
    running: bold,
  }
  const columnsOf: Column[] = [
    { title: 'RUN' },
    { title: 'STATUS', paint: (text, row) => paint[rows[row]?.status ?? 'running'](text) },
    { title: 'AGE', right: true },
    { title: 'CUSTOMER', gives: 2, least: 14 },
    { title: 'SUBJECT', gives: 3, least: 16 },
    { title: 'WAITS FOR', gives: 1 },
  ]
  const cells = rows.map((row) => [
    row.id.slice(0, ID_LENGTH),
    row.status,
    age(row.started, view.now),
    row.customer?.name || row.customer?.address || '',
    row.message?.subject ?? row.workflow,
    waitText(row),
  ])
  const more = rows.length === limit ? `, the newest; --limit ${limit * 10} shows more` : ''
  return [
    ...table(columnsOf, cells, view),
    '',
    dim(`${count(rows.length, 'run')}${more}`),
    '',
    ...whatNext(
      [[view.command(`run show ${first.id.slice(0, ID_LENGTH)}`), 'the whole story of a run']],
      view,
    ),
  ].join('\n')
}

function waitText({ waitsFor, errorCode }: ListedRun): string {
  const [first] = waitsFor
  if (first === undefined) return errorCode ?? ''
  if (first.for === 'answer') return `your answer: ${first.ref}`
  if (first.for === 'event')
    return first.until === null ? 'an answer' : `an answer until ${moment(first.until)}`
  return first.words
}
