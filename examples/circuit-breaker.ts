/**
 * A circuit breaker: the shop's system is down, and three runs need it. After two failures nobody bothers it
 * any more; the runs wait without using up their attempts, one of them asks whether it is back, and then
 * all go on.
 *
 *     node examples/circuit-breaker.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, fasterClock, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for the outside system. */
const outside = { isDown: true, calls: 0 }

const shop = defineConnector({
  name: 'shop',
  operations: {
    order: {
      manifest: { title: 'Order something', effect: 'external', idempotency: 'key' },
      input: z.string(),
      output: z.string(),
      async perform(what) {
        outside.calls += 1
        if (outside.isDown) throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'nobody answers')
        return `ordered ${what}`
      },
    },
  },
  breaker: { failures: 2, window: '1m', openFor: '30s', longest: '15m' },
})

const order = defineWorkflow({
  name: 'order',
  version: 1,
  input: z.string(),
  output: z.string(),
  run: async (ctx, what) => await ctx.act<string>('order it', 'shop.order', what),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-circuit-breaker-'))
// Thirty seconds pass in a tenth of a second here.
const clock = fasterClock({ factor: 300 })
const holdfast = await openHoldfast({ dir, workflows: [order], connectors: [shop], clock })
const runs = await Promise.all(['ink', 'paper', 'stamps'].map((what) => holdfast.start(order, what)))
await holdfast.idle()

while (holdfast.breakers().length === 0) await new Promise(setImmediate)
console.log(holdfast.breakers()[0]?.status, holdfast.alerts()[0]?.message)
const callsThen = outside.calls

outside.isDown = false
assert.deepEqual(await Promise.all(runs.map((run) => run.result())), [
  'ordered ink',
  'ordered paper',
  'ordered stamps',
])
console.log(`${callsThen} calls while it was down, ${outside.calls - callsThen} since`)
assert.deepEqual(holdfast.alerts(), [])

// Down again; this time the operator knows better than the breaker when it is back.
outside.isDown = true
const glue = await Promise.all(['glue', 'tape'].map((what) => holdfast.start(order, what)))
while (holdfast.breakers()[0]?.status !== 'open') await new Promise(setImmediate)
outside.isDown = false
await holdfast.closeBreaker('shop')
assert.deepEqual(await Promise.all(glue.map((run) => run.result())), ['ordered glue', 'ordered tape'])
for (const { kind, body } of holdfast.log.readStream('breaker/shop')) console.log(kind, body?.until ?? '')
await holdfast.close()
rmSync(dir, { recursive: true })
