/**
 * A review: the run shows a proposal and waits, for days if need be, until somebody answers. Here code
 * answers: first with an instruction, which leads to a new draft, then with an edit bound to what was shown.
 *
 *     node examples/review.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const offer = defineWorkflow({
  name: 'offer',
  version: 1,
  input: z.object({ customer: z.string(), amount: z.number() }),
  output: z.object({ sent: z.string().nullable() }),
  async run(ctx, { customer, amount }) {
    let price = amount
    for (;;) {
      const answer = await ctx.review('offer', {
        action: 'send-offer',
        summary: `Offer for ${customer}`,
        reason: 'asked for a price',
        confidence: 0.7,
        proposal: { to: customer, text: `We would do it for €${price}.` },
      })
      if (answer.verdict === 'rejected') return { sent: null }
      if (answer.verdict !== 'responded') return { sent: String(answer.value.text) }
      price = Math.round(price * 0.9)
    }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-review-'))
const holdfast = await openHoldfast({ dir, workflows: [offer] })
const run = await holdfast.start(offer, { customer: 'Ada', amount: 1000 }, { id: 'offer-1' })

await holdfast.idle()
const [first] = holdfast.reviews()
assert.ok(first)
console.log(first.id, first.summary, first.proposal)
await holdfast.answer(first.id, { verdict: 'responded', instruction: '10 % less' })

await holdfast.idle()
const [second] = holdfast.reviews()
assert.ok(second)
console.log(second.id, second.summary, second.proposal)
const changes = { text: `${second.proposal.text} Shall we talk on Monday?` }
await holdfast.answer(second.id, { verdict: 'edited', changes, hash: second.hash })

assert.deepEqual(await run.result(), { sent: 'We would do it for €900. Shall we talk on Monday?' })
await assert.rejects(holdfast.answer(second.id, { verdict: 'approved' }), { code: 'REVIEW_ENDED' })

await holdfast.close()
rmSync(dir, { recursive: true })
