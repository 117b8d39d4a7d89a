/**
 * Why: what a run waits for, since when, what happens next, and what a person can do.
 *
 *     node examples/why.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast, why } from 'holdfast'
import { z } from 'zod'

const payment = defineWorkflow({
  name: 'payment',
  version: 1,
  input: z.object({ order: z.string() }),
  output: z.boolean(),
  run: async (ctx, { order }) => (await ctx.waitFor('paid', { key: order, timeout: '14d' })) !== null,
})

const order = defineWorkflow({
  name: 'order',
  version: 1,
  input: z.object({ id: z.string() }),
  output: z.boolean(),
  run: async (ctx, { id }) => await ctx.call('payment', payment, { order: id }),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-why-'))
const holdfast = await openHoldfast({ dir, workflows: [order, payment] })
await holdfast.start(order, { id: 'o-17' }, { id: 'order-17' })
await holdfast.idle()

const { summary, reasons } = why(holdfast, 'order-17')
const [child] = reasons
console.log(summary, child?.because?.summary, child?.because?.reasons[0]?.next)
assert.equal(summary, 'It waits for its child run order-17/payment.')
assert.equal(child?.because?.summary, 'It waits for the event "paid" for o-17.')

await holdfast.close()
rmSync(dir, { recursive: true })
