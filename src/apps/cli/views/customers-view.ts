/** The customers as a table, and one of them whole. */
import type { Customer, CustomerRow, FieldHistory } from '../../../customers/read.ts'
import { oneLine } from '../../../observe/plain-text.ts'
import { age, block, type Column, count, fit, pad, table, type View, whatNext } from './view.ts'

const INDENT = 2
const LABEL = 14

export function customersView(rows: readonly CustomerRow[], view: View, limit: number): string {
  const [first] = rows
  if (first === undefined) return 'No customers.'
  const columnsOf: Column[] = [
    { title: 'CUSTOMER' },
    { title: 'NAME', gives: 1, paint: view.colors.bold },
    { title: 'ADDRESS', gives: 2 },
    { title: 'KIND', paint: view.colors.dim },
    { title: 'MAILS', right: true },
    { title: 'LAST', right: true },
  ]
  const cells = rows.map((row) => [
    row.id,
    row.name,
    row.address,
    row.kind,
    String(row.messages),
    age(row.lastTime, view.now),
  ])
  const more = rows.length === limit ? `, the last to write; --limit ${limit * 10} shows more` : ''
  return [
    ...table(columnsOf, cells, view),
    '',
    view.colors.dim(`${count(rows.length, 'customer')}${more}`),
    '',
    ...whatNext([[view.command(`customer show ${first.id}`), 'everything about a customer']], view),
  ].join('\n')
}

export function customerView(customer: Customer, view: View): string {
  const { bold, dim } = view.colors
  const name = customer.fields.name?.value ?? customer.addresses[0]?.value ?? ''
  const fields = Object.entries(customer.fields).filter(([field]) => field !== 'name')
  return [
    `${bold(oneLine(name))}  ${dim(`${customer.id}  ${customer.kind}, ${count(customer.messages, 'mail')}`)}`,
    '',
    ...(customer.fields.name ? fieldLines('name', customer.fields.name, view) : []),
    ...fields.flatMap(([field, history]) => fieldLines(field, history, view)),
    ...customer.addresses.map(({ value, origin, joined }) =>
      valueLine('address', value, joined === 'first' ? origin.how : `joined by ${joined}`, view),
    ),
    ...customer.phones.map(({ value, origin }) => valueLine('phone', value, origin.how, view)),
    '',
    bold('What happened'),
    ...customer.timeline.flatMap(({ time, summary, ref }) => {
      const when = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short' }).format(time)
      const [line = '', ...more] = block(summary, 0, view.width - INDENT - 18 - ref.length - 2, 1)
      return [`${' '.repeat(INDENT)}${dim(when)}  ${line}  ${dim(ref)}`, ...more]
    }),
  ].join('\n')
}

function fieldLines(field: string, { value, origin, others }: FieldHistory, view: View): string[] {
  const before = others.map((other) => valueLine('', other.value, `${other.origin.how}, earlier`, view))
  return [valueLine(field, value, origin.how, view), ...before]
}

function valueLine(name: string, value: string, how: string, { width, colors }: View): string {
  const room = width - INDENT - LABEL - how.length - 2
  return `${' '.repeat(INDENT)}${colors.dim(pad(name, LABEL))}${fit(oneLine(value), room)}  ${colors.dim(how)}`
}
