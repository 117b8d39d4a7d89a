/**
 * Preflight: before new code is put to work, every run that has not ended is replayed on it, without effects.
 * Here a run waits for a payment; the new code has another name for the step that it did before.
 *
 *     node examples/preflight.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast, preflight } from 'holdfast'
import { z } from 'zod'

function order(reserveAs: string, thanks: string) {
  return defineWorkflow({
    name: 'order',
    version: 1,
    input: z.object({ item: z.string() }),
    output: z.string(),
    async run(ctx, { item }) {
      const reserved = await ctx.step(reserveAs, () => `${item} on shelf 7`)
      await ctx.waitFor('paid', { key: ctx.run.id })
      return `${thanks}: ${reserved}`
    },
  })
}

const dir = mkdtempSync(join(tmpdir(), 'holdfast-preflight-'))
const before = order('reserve', 'Thank you')
let holdfast = await openHoldfast({ dir, workflows: [before] })
await holdfast.start(before, { item: 'lamp' }, { id: 'order-1' })
await holdfast.idle()
await holdfast.close()

// Only to look: with `recover: false` nothing goes on.
holdfast = await openHoldfast({ dir, workflows: [order('set aside', 'Thank you')], recover: false })
const report = await preflight(holdfast)
for (const { run, operation, explanation } of report.breaks) console.log(run, operation, explanation)
assert.equal(report.broken, 1)
await holdfast.close()

// What comes after the place that the run has reached may change.
holdfast = await openHoldfast({ dir, workflows: [order('reserve', 'Many thanks')], recover: false })
const { safe, broken } = await preflight(holdfast)
assert.deepEqual({ safe, broken }, { safe: 1, broken: 0 })
await holdfast.close()
rmSync(dir, { recursive: true })
