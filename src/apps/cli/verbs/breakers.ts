/** `holdfast breakers`, `holdfast breaker close` */
import type { ListedBreaker } from '../../commands/breakers.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { age, count, moment, table, type View, viewOf, whatNext } from '../views/view.ts'

export const breakers: VerbRun = async (call) => {
  const { out, io } = call
  const rows = await carryOut(call, 'breakers', {}, io)
  if (out.json) out.document(rows)
  else out.text(breakersText(rows, viewOf(call)))
  return 0
}

export const breakerClose: VerbRun = async (call) => {
  const { args, out, io } = call
  const closed = await carryOut(call, 'breaker close', { name: args[0] ?? '' }, io)
  if (out.json) out.document(closed)
  else {
    const what = closed.wasOpen ? 'is closed; what waited for it goes on' : 'was closed already'
    out.text(`The breaker of ${closed.connector} ${what}.`)
  }
  return 0
}

function breakersText(rows: readonly ListedBreaker[], view: View): string {
  const { green, red } = view.colors
  const columnsOf = [
    { title: 'CONNECTOR' },
    {
      title: 'BREAKER',
      paint: (text: string, row: number) => (rows[row]?.status === 'closed' ? green : red)(text),
    },
    { title: 'FOR', right: true as const },
    { title: 'WAITING', right: true as const },
    { title: 'NEXT PROBE' },
    { title: 'WHY', gives: 1, least: 20 },
  ]
  const cells = rows.map(({ connector, status, since, until, error, held }) => [
    connector,
    status,
    since === null ? '' : age(since, view.now),
    held === 0 ? '' : String(held),
    status === 'open' && until !== null ? moment(until) : '',
    status === 'closed' ? '' : `${error?.code}: ${error?.message}`,
  ])
  const open = rows.find(({ status }) => status !== 'closed')
  const advice = whatNext(
    [[view.command(`breaker close ${open?.connector}`), 'try it now, with all that wait']],
    view,
  )
  return [
    ...table(columnsOf, cells, view),
    '',
    view.colors.dim(count(rows.length, 'connector')),
    ...(open === undefined ? [] : ['', ...advice]),
  ].join('\n')
}
