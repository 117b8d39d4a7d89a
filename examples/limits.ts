/**
 * Limits: one run of a customer at a time, however many are started; another customer is not held up, and what is
 * urgent goes first.
 *
 *     node examples/limits.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const begun: string[] = []

const sync = defineWorkflow({
  name: 'sync',
  version: 1,
  input: z.object({ customer: z.string(), what: z.string() }),
  output: z.string(),
  priority: 5,
  rate: { limit: 100, per: '1m' },
  concurrency: { limit: 1, key: ({ customer }) => customer },
  async run(ctx, { customer, what }) {
    begun.push(`${customer}: ${what}`)
    await ctx.sleep('take a while', '20ms')
    return what
  },
})

const call = defineWorkflow({
  name: 'call',
  version: 1,
  input: z.object({ number: z.int() }),
  output: z.number(),
  rate: { limit: 2, per: '500ms' },
  // When it was admitted.
  run: async (ctx) => ctx.now(),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-limits-'))
const holdfast = await openHoldfast({ dir, workflows: [sync, call] })

const runs = await Promise.all([
  holdfast.start(sync, { customer: 'ann', what: 'address' }),
  holdfast.start(sync, { customer: 'ann', what: 'orders' }, { id: 'orders' }),
  holdfast.start(sync, { customer: 'ann', what: 'complaint' }, { priority: 9 }),
  holdfast.start(sync, { customer: 'bob', what: 'address' }),
])
console.log('orders is', holdfast.run('orders').status())
await Promise.all(runs.map((run) => run.result()))

const ofAnn = begun.filter((what) => what.startsWith('ann'))
assert.deepEqual(ofAnn.at(-1), 'ann: orders')
console.log(begun.join('\n'))

// Of one kind of run two may begin in half a second, whoever they are about; the others wait their turn.
const started = await Promise.all([1, 2, 3, 4].map((number) => holdfast.start(call, { number })))
const times = await Promise.all(started.map((run) => run.result()))
const [first = 0, , third = 0] = times.toSorted((a, b) => a - b)
console.log(
  'calls, after ms',
  times.map((at) => at - first),
)
assert.ok(third - first >= 500)

await holdfast.close()
rmSync(dir, { recursive: true })
