/** `holdfast customers`, `holdfast customer show ID` */
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { customersView, customerView } from '../views/customers-view.ts'
import { viewOf } from '../views/view.ts'
import { limitOf } from './runs.ts'

const LIMIT = 50

export const customers: VerbRun = async (call) => {
  const { out, io, options } = call
  const limit = limitOf(call, LIMIT)
  const rows = await carryOut(call, 'customers', { limit, all: options.all === true }, io)
  if (out.json) out.document(rows)
  else out.text(customersView(rows, viewOf(call), limit))
  return 0
}

export const customerShow: VerbRun = async (call) => {
  const { args, out, io } = call
  const customer = await carryOut(call, 'customer show', { id: args[0] ?? '' }, io)
  if (out.json) out.document(customer)
  else out.text(customerView(customer, viewOf(call)))
  return 0
}
