/**
 * A first workflow: a step, a durable timer, a wait for an event, and an event published. It is closed
 * while it sleeps and opened again, as a restart would do, and nothing is done twice.
 *
 *     node examples/first-workflow.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

let timesPriced = 0

const order = defineWorkflow({
  name: 'order',
  version: 1,
  input: z.object({ invoice: z.string(), hours: z.number(), rate: z.number() }),
  output: z.object({ total: z.number(), paidBy: z.string().nullable() }),
  async run(ctx, { invoice, hours, rate }) {
    const total = await ctx.step('price', () => {
      timesPriced += 1
      return hours * rate
    })
    await ctx.sleep('let it settle', '300ms')
    const paid = await ctx.waitFor('paid', { key: invoice, timeout: '14 days' })
    const paidBy = paid === null ? null : String(paid.data)
    await ctx.emit({ kind: 'order-closed', key: invoice, data: { total, paidBy } })
    return { total, paidBy }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-first-workflow-'))
const input = { invoice: 'inv-7', hours: 12, rate: 90 }

const before = await openHoldfast({ dir, workflows: [order] })
await before.start(order, input, { id: 'order-17' }) // durable once it resolves
await before.idle() // the step is done, the run sleeps
await before.close()

const after = await openHoldfast({ dir, workflows: [order] })
const run = await after.start(order, input, { id: 'order-17' }) // the same id and input: the same run
await after.emit({ kind: 'paid', key: 'inv-7', data: 'bank transfer', id: 'payment-1' })
const output = await run.result()

assert.deepEqual(output, { total: 1080, paidBy: 'bank transfer' })
assert.equal(timesPriced, 1)
for (const { position, kind, body } of after.log.readStream('run/order-17')) {
  console.log(position, kind, body?.name ?? '')
}

await after.close()
rmSync(dir, { recursive: true })
