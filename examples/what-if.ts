/**
 * What-if: other code over runs of the past. Nothing is done and nothing recorded; what would be otherwise is
 * compared with what the operator decided. Here the operator has edited one offer, and a new text is tried.
 *
 *     node examples/what-if.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

function offer(text: (customer: string) => string) {
  return defineWorkflow({
    name: 'offer',
    version: 1,
    input: z.object({ customer: z.string() }),
    output: z.string(),
    async run(ctx, { customer }) {
      const { value } = await ctx.review('offer', {
        action: 'send-offer',
        summary: `Offer for ${customer}`,
        reason: 'asked for a price',
        confidence: 0.7,
        proposal: { text: text(customer) },
      })
      return String(value.text)
    },
  })
}

const before = offer((customer) => `Hello ${customer}, it costs €1000.`)
const after = offer((customer) => `Dear ${customer}, it costs €1000. Shall we talk on Monday?`)

const dir = mkdtempSync(join(tmpdir(), 'holdfast-what-if-'))
const holdfast = await openHoldfast({ dir, workflows: [before] })
await holdfast.start(before, { customer: 'Ada' }, { id: 'offer-1' })
await holdfast.idle()
const [review] = holdfast.reviews()
assert.ok(review)
const changes = { text: 'Dear Ada, it costs €1000. Shall we talk on Tuesday?' }
await holdfast.answer(review.id, { verdict: 'edited', changes })
await holdfast.idle()

const head = holdfast.log.head()
const report = await holdfast.whatIf({ workflows: [after] })
console.log(report.proposals, report.details[0]?.proposals[0])
assert.equal(report.proposals.closer, 1)
assert.deepEqual(holdfast.log.head(), head)

await holdfast.close()
rmSync(dir, { recursive: true })
