/**
 * A process of its own with runs that wait for a signal, to be killed from outside: `fill DIR COUNT` parks them,
 * `open DIR` opens the workspace again. Each prints one line of JSON when it has come that far, and stays.
 */
import { z } from 'zod'
import { defineWorkflow, openHoldfast } from '../src/sdk.ts'

/** As many are started side by side. */
const AT_ONCE = 500

const parked = defineWorkflow({
  name: 'parked',
  version: 1,
  input: z.object({ order: z.string() }),
  output: z.object({ paid: z.boolean() }),
  async run(ctx, { order }) {
    const event = await ctx.waitFor('order.paid', { key: order })
    return { paid: event !== null }
  },
})

async function fill(dir: string, count: number): Promise<object> {
  const holdfast = await openHoldfast({ dir, workflows: [parked] })
  for (let first = 0; first < count; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => first + i)
    await Promise.all(numbers.map((n) => holdfast.start(parked, { order: `order-${n}` }, { id: `run-${n}` })))
  }
  await holdfast.idle()
  return { parked: count }
}

/** Ready is when a run that waits has been woken and has ended. */
async function open(dir: string, order: number): Promise<object> {
  const began = performance.now()
  const holdfast = await openHoldfast({ dir, workflows: [parked] })
  await holdfast.emit({ kind: 'order.paid', key: `order-${order}` })
  await holdfast.run(`run-${order}`).result()
  return { readyMs: performance.now() - began, rssMb: process.memoryUsage.rss() / 1_000_000 }
}

const [mode, dir = '', number] = process.argv.slice(2)
console.log(JSON.stringify(await (mode === 'fill' ? fill(dir, Number(number)) : open(dir, Number(number)))))
// Nothing else keeps it from ending well.
setInterval(() => {}, 60_000)
