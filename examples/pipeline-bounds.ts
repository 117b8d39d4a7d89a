/**
 * The bounds of a pipeline: past its deadline or its number of operations it fails, and nothing of what it would have handed
 * over is: no event is published and no run begins. What needs more is asked of an agent, by an event.
 *
 *     node examples/pipeline-bounds.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Context, defineAgent, definePipeline, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Keeps what was asked for, by customer. */
const interests = defineAgent({
  name: 'interests',
  version: 1,
  on: ['price.asked'],
  state: z.array(z.string()),
  initial: [],
  handle: (_, { data }, items) => [...items, String(data)],
})

const quote = definePipeline({
  name: 'quote',
  version: 1,
  input: z.object({ customer: z.string(), items: z.array(z.string()), slow: z.boolean() }),
  output: z.number(),
  deadline: '1s',
  maxSteps: 5,
  async run(ctx, { customer, items, slow }) {
    for (const item of items) await ctx.emit({ kind: 'price.asked', key: customer, data: item })
    const prices = await ctx.map('price', items, async (own, item) => {
      const busy = slow ? new Promise<number>(() => {}) : null
      return await own.step('look up', () => busy ?? item.length * 10)
    })
    return prices.reduce((sum, price) => sum + price, 0)
  },
})

const impatient = definePipeline({
  name: 'impatient',
  version: 1,
  input: z.null(),
  output: z.null(),
  async run(ctx) {
    // The types leave it out; who asks for it all the same is refused.
    await (ctx as unknown as Context).sleep('1h')
    return null
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-pipeline-bounds-'))
const holdfast = await openHoldfast({ dir, workflows: [quote, impatient], agents: [interests] })
const ask = (id: string, items: string[], slow = false) =>
  holdfast.call(quote, { customer: 'ada', items, slow }, { id })
const known = async (): Promise<string[]> => {
  await holdfast.idle()
  return await holdfast.agent(interests, 'ada').query()
}

assert.equal(await ask('small', ['chair', 'lamp']), 90)
assert.deepEqual(await known(), ['chair', 'lamp'])

// Six operations, and only five may be.
await assert.rejects(ask('large', ['desk', 'sofa', 'rug']), { code: 'PIPELINE_STEP_LIMIT' })
await assert.rejects(ask('slow', ['desk'], true), { code: 'PIPELINE_DEADLINE' })
await assert.rejects(holdfast.call(impatient, null), { code: 'PIPELINE_CANNOT_WAIT' })
assert.deepEqual(await known(), ['chair', 'lamp'], 'nothing was handed over')

for (const id of ['small', 'large', 'slow'])
  console.log(
    id,
    holdfast.log.readStream(`run/${id}`).map(({ kind, body }) => `${kind} ${body?.name ?? ''}`.trim()),
  )
// With the id of before, the answer of before: also where that is an error.
await assert.rejects(ask('slow', ['desk'], true), { code: 'PIPELINE_DEADLINE' })

await holdfast.close()
rmSync(dir, { recursive: true })
