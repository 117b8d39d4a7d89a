/** The schedules as a table, and one of them as a sentence. */
import type { ScheduleState } from '../../../runtime/schedules/schedules.ts'
import { type Column, moment, table, type View } from './view.ts'

const COLUMNS: Column[] = [
  { title: 'SCHEDULE', gives: 1, least: 12 },
  { title: 'STATUS' },
  { title: 'TIMES' },
  { title: 'ZONE', gives: 1, least: 6 },
  { title: 'WORKFLOW', gives: 1, least: 10 },
  { title: 'NEXT' },
  { title: 'FIRED', right: true },
]

export function schedulesView(all: readonly ScheduleState[], view: View): string {
  if (all.length === 0) return 'No schedules.'
  const cells = all.map((one) => [
    one.name,
    one.status,
    one.cron,
    one.timeZone,
    one.workflow,
    one.next[0] === undefined ? '' : moment(one.next[0]),
    String(one.fired),
  ])
  return table(COLUMNS, cells, view).join('\n')
}

export function scheduleText({ name, status, next: [next] }: ScheduleState): string {
  return `Schedule ${name} is ${status}${next === undefined ? '' : `; its next time is ${moment(next)}`}.`
}
