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

const dir = mkdtempSync(join(tmpdir(), 'holdfast-limits-'))
const holdfast = await openHoldfast({ dir, workflows: [sync] })

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

await holdfast.close()
rmSync(dir, { recursive: true })
