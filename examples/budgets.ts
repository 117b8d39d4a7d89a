/**
 * A budget of money: refunds are reserved before they are made and settled after, so that ten at once do not go past it.
 * What is too much waits for the owner, who lets one through.
 *
 *     node examples/budgets.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { budgets, defineConnector, defineWorkflow, openHoldfast, type PolicySettings } from 'holdfast'
import { z } from 'zod'

const refunded: string[] = []

const bank = defineConnector({
  name: 'bank',
  operations: {
    refund: {
      manifest: { title: 'Give money back', effect: 'irreversible' },
      input: z.object({ customer: z.string(), usd: z.number() }),
      output: z.null(),
      async perform({ customer }) {
        refunded.push(customer)
        return null
      },
    },
  },
})

const refund = defineWorkflow({
  name: 'refund',
  version: 1,
  input: z.string(),
  output: z.string(),
  async run(ctx, customer) {
    await ctx.act('give back', 'bank.refund', { customer, usd: 30 })
    return `${customer} has it back`
  },
})

const policy: PolicySettings = {
  operations: { allow: ['bank.refund'], deny: [], review: [] },
  egress: { allow: [] },
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  budgets: [
    {
      name: 'refunds',
      operations: ['bank.refund'],
      agents: ['*'],
      each: 'all',
      per: 'month',
      unit: 'usd',
      limit: 100_000_000, // millionths: a hundred dollars
      reserve: null,
      argument: 'usd',
      atLimit: 'ask',
    },
  ],
}

const dir = mkdtempSync(join(tmpdir(), 'holdfast-budgets-'))
const holdfast = await openHoldfast({ dir, workflows: [refund], connectors: [bank], policy })

const customers = Array.from({ length: 10 }, (_, i) => `customer-${i + 1}`)
const runs = await Promise.all(customers.map((customer) => holdfast.start(refund, customer)))
await holdfast.idle()
assert.equal(refunded.length, 3, 'three times thirty dollars, and no fourth')

const [waiting] = holdfast.reviews()
assert.ok(waiting)
console.log(waiting.reason)
await holdfast.answer(waiting.id, { verdict: 'approved', hash: waiting.hash })
await holdfast.idle()
assert.equal(refunded.length, 4, 'on the word of the owner')

const [state] = budgets(holdfast)
console.log(`settled $${(state?.settled ?? 0) / 1e6}, left $${(state?.left ?? 0) / 1e6}`)
assert.deepEqual([state?.settled, state?.reserved, state?.left], [120_000_000, 0, -20_000_000])
console.log(runs.map((run) => run.status()).join(', '))

await holdfast.close()
rmSync(dir, { recursive: true })
