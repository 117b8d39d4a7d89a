/**
 * Triggers: workflows that are started by published events, one by one, or several together once it has been
 * quiet for a while.
 *
 *     node examples/trigger.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineTrigger, defineWorkflow, fasterClock, openHoldfast } from 'holdfast'
import { z } from 'zod'

const packed: string[] = []

const pack = defineWorkflow({
  name: 'pack',
  version: 1,
  input: z.object({ orders: z.array(z.string()) }),
  output: z.number(),
  run: async (ctx, { orders }) => await ctx.step('pack', () => packed.push(orders.join(' and '))),
})

// Each order starts a run of its own, exactly once.
const orders = defineTrigger({
  name: 'new-orders',
  on: 'order.placed',
  where: (event) => event.key !== 'test',
  workflow: pack,
  input: ([event]) => ({ orders: [String(event?.data)] }),
})

// Changes of one customer are handed over together, five minutes after the last, or an hour after the first.
const changes = defineTrigger({
  name: 'changed-addresses',
  on: 'address.changed',
  workflow: pack,
  debounce: { quiet: '5m', atMost: '1h' },
  input: (events) => ({ orders: events.map(({ data }) => String(data)) }),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-trigger-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [pack],
  triggers: [orders, changes],
  clock: fasterClock({ factor: 300 }),
})

for (const data of ['street 1', 'street 2'])
  await holdfast.emit({ kind: 'address.changed', key: 'ada', data })
await holdfast.emit({ kind: 'order.placed', key: 'test', data: 'nothing' })
await holdfast.emit({ kind: 'order.placed', key: 'ada', data: 'a chair' })

while (packed.length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
assert.deepEqual(packed, ['a chair', 'street 1 and street 2'])
console.log(packed, holdfast.triggers.list())

// While a trigger is paused its events are kept; resumed, it starts their runs.
await holdfast.triggers.pause('new-orders')
await holdfast.emit({ kind: 'order.placed', key: 'ada', data: 'a table' })
await holdfast.idle()
assert.equal(packed.length, 2)
await holdfast.triggers.resume('new-orders')
while (packed.length < 3) await new Promise((resolve) => setTimeout(resolve, 20))
assert.equal(packed[2], 'a table')

await holdfast.close()
rmSync(dir, { recursive: true })
