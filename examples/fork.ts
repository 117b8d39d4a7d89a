/**
 * Fork: a new run that begins as another did and goes its own way from one of its steps, here with another
 * answer of the operator. What was done before is copied and not done again.
 *
 *     node examples/fork.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

let lookedUp = 0

const offer = defineWorkflow({
  name: 'offer',
  version: 1,
  input: z.object({ item: z.string() }),
  output: z.string(),
  async run(ctx, { item }) {
    const price = await ctx.step('look up price', () => {
      lookedUp += 1
      return 1000
    })
    const { verdict } = await ctx.review('ask', {
      action: 'send-offer',
      summary: `${item} for €${price}`,
      reason: 'asked for a price',
      confidence: 0.8,
      proposal: { price },
    })
    return verdict === 'approved' ? `offered at €${price}` : 'kept'
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-fork-'))
const holdfast = await openHoldfast({ dir, workflows: [offer] })
const run = await holdfast.start(offer, { item: 'A chair' }, { id: 'offer-1' })
await holdfast.idle()
const [review] = holdfast.reviews()
assert.ok(review)
await holdfast.answer(review.id, { verdict: 'rejected' })
assert.equal(await run.result(), 'kept')

// What if the operator had said yes?
const other = await holdfast.fork('offer-1', { from: 'ask', result: { verdict: 'approved' } })
console.log(other.fork)
assert.equal(await other.result(), 'offered at €1000')
assert.equal(lookedUp, 1)

// What if the price had been another? Then the operator is asked anew.
const cheaper = await holdfast.fork('offer-1', { from: 'look up price', result: 800, id: 'offer-1b' })
await holdfast.idle()
const [second] = holdfast.reviews()
assert.deepEqual(second?.proposal, { price: 800 })
assert.equal(cheaper.status(), 'waiting')

await holdfast.close()
rmSync(dir, { recursive: true })
