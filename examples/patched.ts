/**
 * Changing the middle of a workflow while runs of it wait: `ctx.patched` is false for the runs that have gone past
 * the place, and true for all others.
 *
 *     node examples/patched.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, defineWorkflow, openHoldfast, preflight } from 'holdfast'
import { z } from 'zod'

const checked: string[] = []

function order(beforeReserving: (ctx: Context, item: string) => Promise<void>) {
  return defineWorkflow({
    name: 'order',
    version: 1,
    input: z.object({ item: z.string() }),
    output: z.string(),
    async run(ctx, { item }) {
      await beforeReserving(ctx, item)
      const shelf = await ctx.step('reserve', () => `${item} on shelf 7`)
      await ctx.waitFor('paid', { key: ctx.run.id })
      return shelf
    },
  })
}

const before = order(async () => {})
const after = order(async (ctx, item) => {
  if (ctx.patched('check stock')) await ctx.step('check stock', () => checked.push(item))
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-patched-'))
let holdfast = await openHoldfast({ dir, workflows: [before] })
await holdfast.start(before, { item: 'lamp' }, { id: 'old' })
await holdfast.idle()
await holdfast.close()

holdfast = await openHoldfast({ dir, workflows: [after] })
assert.equal((await preflight(holdfast)).broken, 0)
await holdfast.start(after, { item: 'chair' }, { id: 'new' })
await holdfast.idle()
for (const id of ['old', 'new']) {
  await holdfast.emit({ kind: 'paid', key: id })
  console.log(id, await holdfast.run(id).result())
}
assert.deepEqual(checked, ['chair'], 'the old run had gone past the new step')

await holdfast.close()
rmSync(dir, { recursive: true })
