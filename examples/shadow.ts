/**
 * A new agent in the shadow: it proposes and nothing is done, while the owner goes on by hand and says afterwards what they
 * did. Beside it the levels `off` and above, what a confidence has been worth, and an agent sent back to review.
 *
 *     node examples/shadow.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const triage = defineWorkflow({
  name: 'triage',
  version: 1,
  input: z.object({ mail: z.string() }),
  output: z.string(),
  async run(ctx, { mail }) {
    const { verdict, way } = await ctx.review('folder', {
      action: 'file-mail',
      summary: `File ${mail}`,
      reason: 'by its sender',
      confidence: 0.8,
      proposal: { folder: `mail/${mail}` },
    })
    // `rejected` means: do nothing. Off and shadow answer so, too.
    return `${verdict} by ${way}`
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-shadow-'))
// More errors are tolerated here than the usual 25 %, so that a few comparisons are enough.
const holdfast = await openHoldfast({ dir, workflows: [triage], autonomy: { shadowTolerance: 0.9 } })
const { autonomy } = holdfast
const remit = { agent: 'triage', action: 'file-mail', segment: 'all' }

let mails = 0
async function mail(): Promise<string> {
  mails += 1
  const run = await holdfast.start(triage, { mail: `mail ${mails}` })
  return await run.result()
}

await autonomy.set(remit, { level: 'off', reason: 'not yet' })
assert.equal(await mail(), 'rejected by autonomy')
assert.deepEqual(autonomy.shadows(), [])

await autonomy.set(remit, { level: 'shadow' })
for (let i = 0; i < 3; i += 1) assert.equal(await mail(), 'rejected by autonomy')
assert.deepEqual(holdfast.reviews(), [], 'nobody is asked')

// What the owner did by hand: the same, something else, nothing.
const [same, other, nothing] = autonomy.shadows()
assert.ok(same && other && nothing)
console.log(await autonomy.compare(same.review, { did: 'same' }))
console.log(await autonomy.compare(other.review, { fields: { folder: 'archive' } }))
console.log(await autonomy.compare(nothing.review, { did: 'nothing' }))
const { reviews, errors, next } = autonomy.standing(remit)
console.log(`${errors} of ${reviews} were wrong; ${next.missing} right ones are missing for ${next.level}`)
assert.deepEqual([reviews, errors, next.level], [3, 2, 'review'])

// When enough were right, the next level is offered. Declined, the count begins anew.
async function offered(): Promise<number> {
  let count = 0
  for (; !autonomy.standing(remit).next.offered; count += 1) {
    await mail()
    await autonomy.compare(autonomy.shadows()[0]?.review ?? '', { did: 'same' })
  }
  return count
}
console.log('offered after', await offered())
assert.equal((await autonomy.decline(remit, 'not in the busy season')).reviews, 0)
console.log('and after', await offered())
assert.equal((await autonomy.accept(remit)).level, 'review')

// On the owner's word it may do more, up to the ceiling; and it, or all that its agent may do, is sent back on it.
await autonomy.set(remit, { ceiling: 'sampled', level: 'sampled' })
const back = await autonomy.demote(remit, { cause: 'operator', reason: 'new folders' })
assert.deepEqual([back.level, back.by], ['review', 'demotion'])
await autonomy.set(remit, { level: 'sampled' })
const [sent] = await autonomy.demoteAgent('triage', { cause: 'operator', reason: 'new staff' })
assert.equal(sent?.level, 'review')

// Under review, each answer says what the confidence of 0.8 is worth, as the comparisons did.
for (const verdict of ['approved', 'approved', 'rejected'] as const) {
  const run = await holdfast.start(triage, { mail: 'another' })
  await holdfast.idle()
  await holdfast.answer(holdfast.reviews()[0]?.id ?? '', { verdict })
  assert.equal(await run.result(), `${verdict} by program`)
}
const [calibration] = autonomy.calibrations()
console.log(`${calibration?.right} of ${calibration?.outcomes} were right, method ${calibration?.method}`)
assert.equal((calibration?.outcomes ?? 0) - (calibration?.right ?? 0), 3)
for (const one of autonomy.standings()) console.log(one.agent, one.action, one.level, 'by', one.by)

await holdfast.close()
rmSync(dir, { recursive: true })
