/**
 * A decision by a model: the first of the list is asked, what it answers is held against the schema, and what it cost is on
 * record. When it fails, or its answer does not fit, the rules decide.
 *
 *     node examples/model.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, HoldfastError, type Model, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for a model in the house; one of OpenAI, Anthropic or Ollama is configured in holdfast.yaml. */
let manner: 'sensible' | 'rambling' | 'away' = 'sensible'
const asked: Parameters<Model['ask']>[0][] = []

const house: Model = {
  provider: 'house',
  model: 'small-1',
  host: 'localhost',
  async ask(question) {
    if (manner === 'away') throw new HoldfastError('MODEL_UNAVAILABLE', 'nobody answers')
    asked.push(question)
    // As `question.answerSchema` wants it: what was asked for, how sure it is, and why, in words of the material.
    const reasons = [{ why: 'it names a day', words: 'by Friday' }]
    const answer = { answer: { urgent: true }, confidence: 0.8, reasons }
    const usage = { inputTokens: 120, outputTokens: 30, priceMicros: 450, latencyMs: 12 }
    return { answer: manner === 'rambling' ? 'Well, it depends' : answer, usage }
  },
}

const sort = defineWorkflow({
  name: 'sort',
  version: 1,
  input: z.object({ text: z.string() }),
  output: z.string(),
  async run(ctx, { text }) {
    const { answer, provenance } = await ctx.decide('urgent?', {
      ask: 'Does the sender need an answer this week?',
      material: { text },
      answer: z.object({ urgent: z.boolean() }),
      rules: () => ({ answer: { urgent: false }, confidence: 0.5, reasons: [], source: 'house rules' }),
    })
    return `${answer.urgent ? 'urgent' : 'later'}, by ${provenance.tier} ${provenance.source}`
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-model-'))
const holdfast = await openHoldfast({ dir, workflows: [sort], models: [house] })
const sorted = async (how: typeof manner): Promise<string> => {
  manner = how
  const run = await holdfast.start(sort, { text: 'We need it by Friday.' }, { id: how })
  return await run.result()
}

assert.equal(await sorted('sensible'), 'urgent, by model house:small-1')
// The instruction is the owner's; what came from outside is material, and never instruction.
console.log(asked[0]?.instruction, asked[0]?.material)
const called = holdfast.log.readStream('run/sensible').find(({ kind }) => kind === 'model.called')
console.log(called?.body)

for (const how of ['rambling', 'away'] as const) {
  assert.equal(await sorted(how), 'later, by rules house rules')
  const made = holdfast.log.readStream(`run/${how}`).find(({ kind }) => kind === 'decision.made')
  console.log(how, made?.body?.provenance)
}

await holdfast.close()
rmSync(dir, { recursive: true })
