/** `customers`, `customer show ID`: the canonical records. */
import { z } from 'zod'
import {
  type Customer,
  type CustomerRow,
  findCustomer,
  listCustomers,
  showCustomer,
} from '../../customers/read.ts'
import { workspaceCommand } from './command.ts'

export const customers = workspaceCommand({
  name: 'customers',
  params: z.strictObject({
    limit: z.int().min(1).max(100_000),
    /** Also senders that are machines, such as newsletters. */
    all: z.boolean(),
  }),
  advances: true,
  async run({ log }, { limit, all }): Promise<CustomerRow[]> {
    const rows: CustomerRow[] = []
    let after = Number.MAX_SAFE_INTEGER
    while (rows.length < limit) {
      const page = listCustomers(log.tables, { limit: 500, after })
      rows.push(...page.filter(({ kind }) => all || kind === 'person' || kind === 'unknown'))
      after = page.at(-1)?.lastPosition ?? 0
      if (page.length === 0) break
    }
    return rows.slice(0, limit).map((row) => ({ ...row }))
  },
})

export const customerShow = workspaceCommand({
  name: 'customer show',
  params: z.strictObject({ id: z.string().min(1) }),
  advances: true,
  async run({ log }, { id }): Promise<Customer> {
    return showCustomer(log.tables, findCustomer(log.tables, id))
  },
})
