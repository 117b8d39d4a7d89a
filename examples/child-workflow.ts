/**
 * Child workflows: a run calls others, two of them at once, and goes on when they have ended. A child that
 * fails hands its error code to the parent.
 *
 *     node examples/child-workflow.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

const STOCK: Readonly<Record<string, number>> = { chair: 3, table: 1 }

const reserve = defineWorkflow({
  name: 'reserve',
  version: 1,
  input: z.object({ item: z.string(), count: z.int() }),
  output: z.object({ left: z.int() }),
  async run(ctx, { item, count }) {
    const left = await ctx.step('count', () => (STOCK[item] ?? 0) - count)
    if (left < 0) throw new HoldfastError('OUT_OF_STOCK', `${-left} of ${item} are missing`)
    return { left }
  },
})

const furnish = defineWorkflow({
  name: 'furnish',
  version: 1,
  input: z.object({ chairs: z.int(), tables: z.int() }),
  output: z.object({ done: z.boolean(), why: z.string() }),
  async run(ctx, { chairs, tables }) {
    try {
      await Promise.all([
        ctx.call('chairs', reserve, { item: 'chair', count: chairs }),
        ctx.call('tables', reserve, { item: 'table', count: tables }),
      ])
      return { done: true, why: '' }
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'OUT_OF_STOCK') throw error
      return { done: false, why: error.message }
    }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-child-workflow-'))
const holdfast = await openHoldfast({ dir, workflows: [furnish, reserve] })

const small = await holdfast.start(furnish, { chairs: 2, tables: 1 }, { id: 'small' })
assert.deepEqual(await small.result(), { done: true, why: '' })
const large = await holdfast.start(furnish, { chairs: 2, tables: 4 }, { id: 'large' })
assert.deepEqual(await large.result(), { done: false, why: '3 of table are missing' })

for (const id of ['small', 'small/chairs', 'small/tables', 'large', 'large/chairs', 'large/tables']) {
  console.log(id, holdfast.run(id).status())
}

await holdfast.close()
rmSync(dir, { recursive: true })
