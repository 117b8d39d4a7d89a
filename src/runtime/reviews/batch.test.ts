import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { answerTogether } from './batch.ts'

const ask = defineWorkflow({
  name: 'ask',
  version: 1,
  input: z.any(),
  output: z.any(),
  async run(ctx) {
    const asked = { action: 'pay', summary: 'A sum', reason: 'it is due', confidence: 0.5 }
    await ctx.review('sum', { ...asked, proposal: { sum: 5 } })
    return await ctx.waitFor('paid')
  },
})

test('what was answered while a batch was being checked is not answered again, though its run is away', async (t) => {
  const place = await openPlace(t, { workflows: [ask], residentRuns: 0 })
  const { hf } = place
  await hf.start(ask, {}, { id: 'one' })
  await hf.idle()
  const [review] = hf.reviews()
  assert.ok(review)
  const { id, name, proposal } = review
  const ready = [{ review, body: { name, review: id, verdict: 'approved', value: proposal, way: 'program' } }]
  await hf.answer(id, { verdict: 'rejected' })
  await hf.idle()
  assert.equal(hf.runtime.resident('one'), undefined)
  await assert.rejects(answerTogether(hf.runtime, ready), { code: 'REVIEW_BATCH_REFUSED' })
  assert.equal(place.kinds('one').filter((kind) => kind === 'review.answered').length, 1)
})
