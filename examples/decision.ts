/**
 * A decision: a typed answer with confidence and reasons, by a model if one is configured, and else by rules. Here
 * there is none, so the rules decide; the answer goes on record with what it rests on.
 *
 *     node examples/decision.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const sort = defineWorkflow({
  name: 'sort',
  version: 1,
  input: z.object({ text: z.string() }),
  output: z.object({ urgent: z.boolean(), sure: z.number() }),
  async run(ctx, { text }) {
    const { answer, confidence, provenance } = await ctx.decide('urgent?', {
      ask: 'Does the sender need an answer today?',
      material: { text },
      answer: z.object({ urgent: z.boolean() }),
      rules: () => {
        const words = text.match(/today|at once|urgent/gi) ?? []
        return {
          answer: { urgent: words.length > 0 },
          confidence: words.length > 0 ? 0.9 : 0.6,
          reasons: words,
          source: 'words of haste',
        }
      },
    })
    console.log(answer, confidence, provenance)
    return { urgent: answer.urgent, sure: confidence }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-decision-'))
const holdfast = await openHoldfast({ dir, workflows: [sort] })
const run = await holdfast.start(sort, { text: 'Please call today.' }, { id: 'mail-1' })
assert.deepEqual(await run.result(), { urgent: true, sure: 0.9 })

await holdfast.close()
rmSync(dir, { recursive: true })
