/** `holdfast dead-letters`, `holdfast run retry`, `holdfast run discard` */
import type { DeadEvent, DeadLetterList, DeadRun } from '../../../runtime/reopening/dead-letters.ts'
import type { RetriedRun } from '../../commands/dead-letters.ts'
import { carryOut } from '../route.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { age, block, count, table, type View, viewOf, whatNext } from '../views/view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 50

export const deadLetters: VerbRun = async (call) => {
  const { out, io } = call
  const workflow = textOption(call, 'workflow')
  const limit = limitOf(call, LIMIT)
  const list = await carryOut(
    call,
    'dead-letters',
    { limit, ...(workflow === undefined ? {} : { workflow }) },
    io,
  )
  if (out.json) out.document(list)
  else out.text(listText(list, viewOf(call)))
  return 0
}

export const runRetry: VerbRun = async (call) => {
  const { args, out, io } = call
  const from = textOption(call, 'from')
  const retried = await carryOut(call, 'run retry', { id: args[0] ?? '', ...(from ? { from } : {}) }, io)
  if (out.json) out.document(retried)
  else out.text(retriedText(retried, viewOf(call)))
  const { status } = retried.progress
  return status === 'failed' || status === 'stalled' ? 1 : 0
}

export const runDiscard: VerbRun = async (call) => {
  const { args, out, io } = call
  const reason = textOption(call, 'reason') ?? ''
  const done = await carryOut(call, 'run discard', { id: args[0] ?? '', reason }, io)
  if (out.json) out.document(done)
  else {
    const left = done.left === 0 ? 'none is left' : `${done.left} left`
    out.text(`Run ${done.run} stays failed and is no dead letter any more; ${left}.`)
  }
  return 0
}

function listText({ runs, events, count: all }: DeadLetterList, view: View): string {
  if (runs.length + events.length === 0) return 'No dead letters.'
  const { dim } = view.colors
  const [first] = runs
  const steps: [string, string][] = []
  if (first !== undefined) {
    steps.push([view.command(`run retry ${first.run}`), 'once the cause is mended: goes on where it failed'])
    steps.push([view.command(`run discard ${first.run}`), 'it stays failed and is listed no more'])
  }
  const [event] = events
  if (event !== undefined) steps.push([view.command(retryOf(event)), 'have an event handled again'])
  const more = all > runs.length ? `, the oldest of ${all}` : ''
  return [
    ...runsTable(runs, view),
    ...eventsTable(events, view),
    '',
    dim(`${count(runs.length, 'run')}${more}, ${count(events.length, 'event')}`),
    '',
    ...whatNext(steps, view),
  ].join('\n')
}

function runsTable(runs: readonly DeadRun[], view: View): string[] {
  if (runs.length === 0) return []
  const columns = [
    { title: 'RUN' },
    { title: 'WORKFLOW' },
    { title: 'FAILED', right: true as const },
    { title: 'TIMES', right: true as const },
    { title: 'WHY', gives: 1, least: 20 },
  ]
  const cells = runs.map(({ run, workflow, time, failures, error }) => [
    run,
    workflow,
    age(time, view.now),
    String(failures),
    error === null ? '' : `${error.code}: ${error.message}`,
  ])
  return table(columns, cells, view)
}

function eventsTable(events: readonly DeadEvent[], view: View): string[] {
  if (events.length === 0) return []
  const columns = [
    { title: 'EVENT' },
    { title: 'SET ASIDE BY' },
    { title: 'AGO', right: true as const },
    { title: 'WHY', gives: 1, least: 20 },
  ]
  const cells = events.map(({ kind, by, key, position, time, error }) => [
    String(position),
    `${kind} ${by}${key === null ? '' : ` for ${key || '(no key)'}`}`,
    age(time, view.now),
    `${error.code}: ${error.message}`,
  ])
  return ['', ...table(columns, cells, view)]
}

function retryOf({ kind, by, key, position }: DeadEvent): string {
  return kind === 'agent' ? `agent retry ${by} ${key || "''"} ${position}` : `trigger retry ${by} ${position}`
}

function retriedText({ run, from, again, children, progress }: RetriedRun, view: View): string {
  const { green, red } = view.colors
  const { status, error } = progress
  const where = from === null ? '' : `, from "${from}" on`
  const head = `Run ${run} goes on${where}; it is ${status} now${error === null ? '' : `: ${error.message}`}.`
  const notes = [
    again.length === 0
      ? 'No operation had failed: its code threw by itself, and ends the same way unless it was changed.'
      : `Done again: ${again.join(', ')}.`,
    ...(children.length > 0 ? [`With it go on: ${children.join(', ')}.`] : []),
  ]
  const next = status === 'failed' || status === 'stalled' ? 'why' : 'run show'
  return [
    (error === null ? green : red)(head),
    ...notes.flatMap((note) => block(note, 2, view.width)),
    '',
    ...whatNext([[view.command(`${next} ${run}`), 'more about it']], view),
  ].join('\n')
}
