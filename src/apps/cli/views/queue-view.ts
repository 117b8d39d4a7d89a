/** The queue of runs as a table. */
import type { QueueLane } from '../../../observe/queue.ts'
import { age, type Column, count, moment, table, type View } from './view.ts'

const COLUMNS: Column[] = [
  { title: 'WORKFLOW', gives: 2, least: 12 },
  { title: 'PRIORITY', right: true },
  { title: 'RUNS', right: true },
  { title: 'AGE', right: true },
  { title: 'FIRST RUN', gives: 1, least: 12 },
  { title: 'WAITS FOR', gives: 1 },
]

export function queueView(lanes: readonly QueueLane[], view: View): string {
  if (lanes.length === 0) return 'No run waits to begin.'
  const cells = lanes.map((lane) => [
    lane.workflow,
    String(lane.priority),
    String(lane.waiting),
    age(lane.since, view.now),
    lane.firstRun,
    lane.until === null ? lane.words : `${lane.words}, ${moment(lane.until)}`,
  ])
  const all = lanes.reduce((sum, { waiting }) => sum + waiting, 0)
  return [...table(COLUMNS, cells, view), '', view.colors.dim(`${count(all, 'run')} queued`)].join('\n')
}
