/**
 * Autonomy by evidence: at first a person answers each review. When the answers show that errors are rarer than
 * tolerated, a higher level is offered; once it is taken, most are answered at once, and random audits go on. When
 * those go wrong, the agent is back under review.
 *
 *     node examples/autonomy.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const filed = new Set<string>()
const archive = defineConnector({
  name: 'archive',
  operations: {
    file: {
      manifest: { title: 'File a letter', effect: 'reversible', idempotency: 'natural' },
      input: z.object({ folder: z.string() }),
      output: z.null(),
      async perform({ folder }) {
        filed.add(folder)
        return null
      },
      async undo({ folder }) {
        filed.delete(folder)
      },
    },
  },
})

const filing = defineWorkflow({
  name: 'filing',
  version: 1,
  input: z.object({ letter: z.string() }),
  output: z.boolean(),
  async run(ctx, { letter }) {
    const answer = await ctx.review('where to', {
      action: 'file-letter',
      // What it does decides how far it may go: this one can be taken back.
      operation: 'archive.file',
      summary: `File ${letter}`,
      reason: 'by its sender',
      confidence: 0.9,
      proposal: { folder: `letters/${letter.slice(0, 1)}` },
    })
    if (answer.verdict === 'rejected' || answer.verdict === 'responded') return false
    await ctx.act('file', 'archive.file', answer.value)
    return true
  },
})

// At the usual 10 % it would take 38 answers without an error; an example may be more generous.
const generous = { tolerance: 0.4, edit: 0.2 }
const dir = mkdtempSync(join(tmpdir(), 'holdfast-autonomy-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [filing],
  connectors: [archive],
  autonomy: { tiers: { low: generous, medium: generous, high: generous } },
})
const remit = { agent: 'filing', action: 'file-letter', segment: 'all' }

let letters = 0
async function letter(verdict: 'approved' | 'rejected'): Promise<'asked' | 'not asked'> {
  letters += 1
  await holdfast.start(filing, { letter: `letter ${letters}` }, { id: `letter-${letters}` })
  await holdfast.idle()
  const [review] = holdfast.reviews()
  if (review === undefined) return 'not asked'
  await holdfast.answer(review.id, { verdict })
  await holdfast.idle()
  return 'asked'
}

while (!holdfast.autonomy.standing(remit).next.offered) assert.equal(await letter('approved'), 'asked')
const { reviews, bound, next } = holdfast.autonomy.standing(remit)
console.log(`${reviews} answers: errors are below ${bound.toFixed(2)}, level ${next.level} is offered`)

await holdfast.autonomy.accept(remit)
const asked = [] as string[]
for (let i = 0; i < 20; i += 1) asked.push(await letter('approved'))
console.log(`${asked.filter((one) => one === 'asked').length} of 20 were put to a person, as audits`)
assert.ok(asked.includes('not asked'))

while (holdfast.autonomy.standing(remit).level === 'sampled') await letter('rejected')
console.log(holdfast.alerts()[0]?.message)
assert.equal(await letter('approved'), 'asked')

await holdfast.close()
rmSync(dir, { recursive: true })
