import { join } from 'node:path'
import { z } from 'zod'
import { defineWorkflow, openHoldfast } from '../../src/sdk.ts'
import { type Peer, resultOf } from './peer.ts'

const steps = defineWorkflow({
  name: 'steps',
  version: 1,
  input: z.number(),
  output: z.string(),
  async run(ctx, count) {
    let last = ''
    for (let i = 1; i <= count; i += 1) last = await ctx.step(`step ${i}`, () => resultOf(i))
    return last
  },
})

const waiter = defineWorkflow({
  name: 'waiter',
  version: 1,
  input: z.string(),
  output: z.unknown(),
  run: async (ctx, key) => (await ctx.waitFor('go', { key }))?.data,
})

export const holdfast: Peer = {
  name: 'Holdfast',
  setting: 'SQLite, `synchronous=FULL`',
  async open(dir) {
    const engine = await openHoldfast({ dir: join(dir, 'holdfast'), workflows: [steps, waiter] })
    return {
      async steps(id, count) {
        const run = await engine.start(steps, count, { id })
        await run.result()
      },
      async wait(id) {
        const run = await engine.start(waiter, id, { id })
        await engine.idle()
        return {
          async signal() {
            await engine.emit({ kind: 'go', key: id, data: 'go' })
            await run.result()
          },
        }
      },
      close: () => engine.close(),
    }
  },
}
