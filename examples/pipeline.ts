/**
 * A pipeline: somebody waits for a price, so it may take two seconds and five steps at most. It is put on
 * record by one commit at its end, together with the event that hands the rest over to a workflow, which
 * can wait for days.
 *
 *     node examples/pipeline.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePipeline, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const quote = definePipeline({
  name: 'quote',
  version: 1,
  input: z.object({ customer: z.string(), hours: z.number() }),
  output: z.object({ price: z.number() }),
  deadline: '2s',
  maxSteps: 5,
  async run(ctx, { customer, hours }) {
    const rate = await ctx.step('rate', () => (hours > 40 ? 80 : 95))
    const price = await ctx.step('price', () => hours * rate)
    await ctx.emit({ kind: 'quoted', key: customer, data: { price } })
    return { price }
  },
})

const followUp = defineWorkflow({
  name: 'follow-up',
  version: 1,
  input: z.object({ customer: z.string() }),
  output: z.string(),
  async run(ctx, { customer }) {
    const quoted = await ctx.waitFor('quoted', { key: customer })
    await ctx.sleep('let them think', '200ms')
    return `Ask ${customer} about ${JSON.stringify(quoted?.data)}`
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-pipeline-'))
const holdfast = await openHoldfast({ dir, workflows: [quote, followUp] })
const waiting = await holdfast.start(followUp, { customer: 'Ada' })

// With an id, calling again gives the same answer without doing it again.
const input = { customer: 'Ada', hours: 50 }
assert.deepEqual(await holdfast.call(quote, input, { id: 'quote-3' }), { price: 4000 })
assert.deepEqual(await holdfast.call(quote, input, { id: 'quote-3' }), { price: 4000 })
assert.equal(await waiting.result(), 'Ask Ada about {"price":4000}')

for (const { position, kind, body } of holdfast.log.readStream('run/quote-3')) {
  console.log(position, kind, body?.name ?? '')
}

await holdfast.close()
rmSync(dir, { recursive: true })
