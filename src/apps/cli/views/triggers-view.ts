/** The triggers as a table, one of them as a sentence, and the events that they have set aside with what can be done. */
import type { TriggerState } from '../../../runtime/triggers/triggers.ts'
import { type Column, moment, table, type View, whatNext } from './view.ts'

const COLUMNS: Column[] = [
  { title: 'TRIGGER', gives: 1, least: 12 },
  { title: 'STATUS' },
  { title: 'ON', gives: 1, least: 8 },
  { title: 'WORKFLOW', gives: 1, least: 10 },
  { title: 'GATHERED', right: true },
  { title: 'SET ASIDE', right: true },
  { title: 'FIRED', right: true },
]

export function triggersView(all: readonly TriggerState[], view: View): string {
  if (all.length === 0) return 'No triggers.'
  const cells = all.map((one) => [
    one.name,
    one.isPaused ? 'paused' : one.status,
    one.on,
    one.workflow,
    String(one.gathered),
    String(one.setAside.length),
    String(one.fired),
  ])
  return [...table(COLUMNS, cells, view), ...asideLines(all, view)].join('\n')
}

export function triggerText({ name, status, isPaused, on }: TriggerState): string {
  if (isPaused) return `Trigger ${name} is paused; events of kind ${on} are kept until it is resumed.`
  return `Trigger ${name} is ${status}.`
}

function asideLines(all: readonly TriggerState[], view: View): string[] {
  const aside = all.flatMap(({ setAside }) => setAside)
  const [first] = aside
  if (first === undefined) return []
  const cells = aside.map(({ trigger, position, time, error }) => [
    trigger,
    String(position),
    moment(time),
    `${error.code}: ${error.message}`,
  ])
  const columns: Column[] = [
    { title: 'TRIGGER' },
    { title: 'EVENT', right: true },
    { title: 'SET ASIDE' },
    { title: 'BECAUSE', gives: 1 },
  ]
  const retry = view.command(`trigger retry ${first.trigger} ${first.position}`)
  return ['', ...table(columns, cells, view), '', ...whatNext([[retry, 'after the cause was mended']], view)]
}
