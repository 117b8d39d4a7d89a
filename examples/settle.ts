/**
 * Several things at once where some may fail: `all` throws the first failure and begins nothing more; with `settle`,
 * `all` and `map` say of each how it ended, and a graph with `continue` skips only what depends on a failure.
 *
 *     node examples/settle.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

const PRICES: Readonly<Record<string, number>> = { chair: 90, lamp: 40 }
const asked: string[] = []

function priceOf(item: string): number {
  asked.push(item)
  const price = PRICES[item]
  if (price === undefined) throw new HoldfastError('NO_PRICE', `nobody knows what a ${item} costs`)
  return price
}

const once = { retry: { attempts: 1 } }

const offer = defineWorkflow({
  name: 'offer',
  version: 1,
  input: z.array(z.string()),
  output: z.json(),
  async run(ctx, items) {
    // Each a function, at most two at a time. What fails first is thrown, once all that was begun is over.
    const tasks = items.map((item) => () => ctx.step(`all of ${item}`, () => priceOf(item), once))
    const thrown = await ctx.all(tasks, { concurrency: 2 }).catch((error: HoldfastError) => error.code)

    // Everything is done, and each says how it ended.
    const settled = await ctx.map(
      'each',
      items,
      (own, item) => own.step('price', () => priceOf(item), once),
      {
        onFailure: 'settle',
      },
    )
    const prices = settled.map((one) => (one.ok ? one.value : one.error.code))

    // What depends on the node that failed is skipped; the others are done.
    const nodes = await ctx.graph<{ price: number; text: string; date: string }, 'continue'>(
      'letter',
      {
        price: { run: (own) => own.step('price', () => priceOf('sofa'), once) },
        text: { after: ['price'], run: (_, { price }) => `It is €${price}` },
        date: { run: (own) => own.step('date', () => 'on Monday') },
      },
      { onFailure: 'continue' },
    )
    const states = [nodes.price.state, nodes.text.state, nodes.date.state]
    return { thrown, prices, states }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-settle-'))
const holdfast = await openHoldfast({ dir, workflows: [offer] })

const run = await holdfast.start(offer, ['chair', 'sofa', 'lamp', 'desk'], { id: 'offer-1' })
const output = await run.result()
console.log(output)
assert.deepEqual(output, {
  thrown: 'NO_PRICE',
  prices: [90, 'NO_PRICE', 40, 'NO_PRICE'],
  states: ['failed', 'skipped', 'done'],
})
console.log('asked for', asked.join(', '))
assert.equal(asked.filter((item) => item === 'desk').length, 1, '`all` did not come to the desk any more')

await holdfast.close()
rmSync(dir, { recursive: true })
