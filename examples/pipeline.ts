/**
 * A pipeline: somebody waits for a price, so it may take two seconds and five steps at most. It is put on
 * record by one commit at its end, together with the start of the workflow that it hands the rest over to,
 * which can wait for days.
 *
 *     node examples/pipeline.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePipeline, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const followUp = defineWorkflow({
  name: 'follow-up',
  version: 1,
  input: z.object({ customer: z.string(), price: z.number() }),
  output: z.string(),
  async run(ctx, { customer, price }) {
    await ctx.sleep('let them think', '200ms')
    return `Ask ${customer} about €${price}`
  },
})

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
    // Starts in the commit that ends the pipeline, and only if it ends well.
    await ctx.spawn('follow up', followUp, { customer, price })
    return { price }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-pipeline-'))
const holdfast = await openHoldfast({ dir, workflows: [quote, followUp] })

// With an id, calling again gives the same answer without doing it again.
const input = { customer: 'Ada', hours: 50 }
assert.deepEqual(await holdfast.call(quote, input, { id: 'quote-3' }), { price: 4000 })
assert.deepEqual(await holdfast.call(quote, input, { id: 'quote-3' }), { price: 4000 })
assert.equal(await holdfast.run('quote-3/follow up').result(), 'Ask Ada about €4000')

for (const { position, kind, body } of holdfast.log.readStream('run/quote-3')) {
  console.log(position, kind, body?.name ?? '')
}

await holdfast.close()
rmSync(dir, { recursive: true })
