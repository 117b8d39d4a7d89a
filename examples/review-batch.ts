/**
 * Many reviews, one answer: what was shown is approved together, in one commit, or none of it is. Beside it a review with
 * alternatives to choose from.
 *
 *     node examples/review-batch.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const remind = defineWorkflow({
  name: 'remind',
  version: 1,
  input: z.object({ customer: z.string(), cents: z.int() }),
  output: z.string(),
  async run(ctx, { customer, cents }) {
    const { verdict, value } = await ctx.review('reminder', {
      action: 'send-reminder',
      summary: `Remind ${customer} of €${cents / 100}`,
      reason: 'two weeks overdue',
      confidence: 0.9,
      proposal: { to: customer, tone: 'friendly' },
      // What it rests on, and what looks wrong: both are shown beside it.
      evidence: [`invoice of 2 May to ${customer}`],
      warnings: cents > 30_000 ? ['more than they ever owed'] : [],
      alternatives: [{ title: 'a stern one', proposal: { to: customer, tone: 'stern' } }],
    })
    return verdict === 'rejected' ? 'left alone' : `reminded, ${value.tone}`
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-review-batch-'))
const holdfast = await openHoldfast({ dir, workflows: [remind] })
for (const [i, customer] of ['Ada', 'Bo', 'Cy', 'Dee'].entries())
  await holdfast.start(remind, { customer, cents: 10_000 * (i + 1) }, { id: customer })
await holdfast.idle()

// What the operator sees, and that it was seen: what an answer takes is measured from here.
const [ada, ...others] = holdfast.reviews()
assert.ok(ada)
await holdfast.desk.shown(others, 'program')
for (const { summary, evidence, warnings } of others) console.log(summary, evidence, warnings)

// Ada's is answered by itself, with the alternative.
await holdfast.answer(ada.id, { verdict: 'edited', alternative: 1, hash: ada.hash })
assert.equal(await holdfast.run('Ada').result(), 'reminded, stern')
assert.equal(holdfast.review(ada.id).status, 'edited')

// One of a list can't be answered any more: then none is, and the error says which.
await assert.rejects(holdfast.desk.answerAll([ada, ...others], { verdict: 'approved' }), {
  code: 'REVIEW_BATCH_REFUSED',
})
assert.equal(holdfast.reviews().length, 3)

const before = holdfast.log.head().position
const { batch, answered } = await holdfast.desk.answerAll(others, {
  verdict: 'approved',
  reason: 'as always',
})
console.log(batch, 'answers', answered.map(({ run }) => run).join(', '))
// One commit: nothing stands between the three answers.
const kinds = [...holdfast.log.read(before)].slice(0, 3).map(({ kind }) => kind)
assert.deepEqual(kinds, ['review.answered', 'review.answered', 'review.answered'])

for (const { run } of answered) assert.equal(await holdfast.run(run).result(), 'reminded, friendly')
for (const { run, verdict, way } of answers(holdfast)) console.log(run, verdict, way)

await holdfast.close()
rmSync(dir, { recursive: true })
