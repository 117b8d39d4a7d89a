/** A review that waits when its run fails waits again when that is retried, and its answer counts as any other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openOffers } from '../apps/testing/offers.ts'
import { defineWorkflow } from '../kernel/workflow.ts'

test('the answer to what was asked before a run failed counts once it is retried', async (t) => {
  let isMended = false
  const ask = defineWorkflow({
    name: 'ask',
    version: 1,
    input: z.any(),
    output: z.any(),
    async run(ctx) {
      const asked = { action: 'pay', summary: 'A sum', reason: 'it is due', confidence: 0.5 }
      const answer = ctx.review('sum', { ...asked, proposal: { sum: 5 } })
      await ctx.sleep('a while', '1s')
      await ctx.step('break', () => {
        if (!isMended) throw Object.assign(new Error('broken'), { retryable: false })
        return null
      })
      return (await answer) as never
    },
  })
  const { place, autonomy } = await openOffers(t, { workflows: [ask] })
  const { hf } = place
  await hf.start(ask, {}, { id: 'one' })
  await hf.idle()
  place.clock.advance(1_000)
  await hf.idle()
  assert.deepEqual(hf.reviews(), [], 'it has failed')
  isMended = true
  await hf.deadLetters.retry('one')
  await hf.idle()
  const [review] = hf.reviews()
  await hf.answer(review?.id ?? '', { verdict: 'rejected' })
  await hf.idle()
  const { reviews, errors } = autonomy.standing({ agent: 'ask', action: 'pay', segment: 'all' })
  assert.deepEqual([reviews, errors], [1, 1])
})
