/**
 * A task graph: nodes run as soon as what they come after is done, and hand on what they give. Beside it `map`
 * with a limit, and `race`, whose losers are given up.
 *
 *     node examples/graph.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const quote = defineWorkflow({
  name: 'quote',
  version: 1,
  input: z.object({ items: z.array(z.string()) }),
  output: z.object({ text: z.string(), answer: z.string() }),
  async run(ctx, { items }) {
    const { text } = await ctx.graph<{ prices: number[]; discount: number; text: string }>('quote', {
      // Two prices at a time; the results are in the order of the items.
      prices: {
        run: (own) =>
          own.map('price', items, (each, item) => each.step('look up', () => item.length * 10), {
            concurrency: 2,
          }),
      },
      discount: { run: (own) => own.step('discount', () => 5) },
      text: {
        after: ['prices', 'discount'],
        run: (_, { prices, discount }) => `€${prices.reduce((sum, one) => sum + one, 0) - discount}`,
      },
    })
    const { winner } = await ctx.race('answer', {
      yes: (own) => own.waitFor('accepted'),
      late: (own) => own.sleep('14 days'),
    })
    return { text, answer: winner }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-graph-'))
const holdfast = await openHoldfast({ dir, workflows: [quote] })

const run = await holdfast.start(quote, { items: ['chair', 'table', 'lamp'] }, { id: 'quote-1' })
await holdfast.idle()
await holdfast.emit({ kind: 'accepted' })
assert.deepEqual(await run.result(), { text: '€135', answer: 'yes' })
console.log(await run.result())

await holdfast.close()
rmSync(dir, { recursive: true })
