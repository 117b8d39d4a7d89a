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

// Every three parcels of one carrier are one pick-up; what is left over is picked up five minutes after it came.
const pickUps = defineTrigger({
  name: 'pick-ups',
  on: 'parcel.ready',
  key: (event) => String(event.data).slice(0, 4),
  workflow: pack,
  batch: { max: 3, within: '5m' },
  input: (events) => ({ orders: events.map(({ data }) => String(data)) }),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-trigger-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [pack],
  triggers: [orders, changes, pickUps],
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

for (const data of ['post 1', 'rail 1', 'post 2', 'post 3', 'post 4'])
  await holdfast.emit({ kind: 'parcel.ready', data })
while (packed.length < 6) await new Promise((resolve) => setTimeout(resolve, 20))
assert.equal(packed[3], 'post 1 and post 2 and post 3')
assert.deepEqual(packed.slice(4).toSorted(), ['post 4', 'rail 1'])

await holdfast.close()
rmSync(dir, { recursive: true })
