/**
 * One process that starts runs one after the other until it is told to stop: `node storing-process.ts DIR`. It
 * prints `done ID` when a run's end is acknowledged, and LOG_WRITE_FAILED when a start is refused, which it then
 * tries again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { isHoldfastError } from '../../src/kernel/errors.ts'
import { defineWorkflow, type Holdfast, openHoldfast } from '../../src/sdk.ts'

const [dir = ''] = process.argv.slice(2)
const AGAIN_MS = 20
const PAUSE_MS = 5
let isWanted = true

const store = defineWorkflow({
  name: 'store',
  version: 1,
  input: z.number(),
  output: z.number(),
  async run(ctx, n) {
    await ctx.step('much', () => 'x'.repeat(3_000))
    return await ctx.step('last', () => n * 2)
  },
})

async function startOne(hf: Holdfast, n: number): Promise<void> {
  while (isWanted) {
    try {
      const run = await hf.start(store, n, { id: `s-${n}` })
      // A run that could not write goes on by itself; its end is told when it comes.
      void run.result().then(
        () => console.log(`done s-${n}`),
        () => {},
      )
      return
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'LOG_WRITE_FAILED') throw error
      console.log(error.code)
    }
    await pause(AGAIN_MS)
  }
}

process.once('SIGTERM', () => {
  isWanted = false
})
try {
  const hf = await openHoldfast({ dir, workflows: [store] })
  const first = hf.log.tables.get<{ n: number }>('SELECT count(*) AS n FROM runs')?.n ?? 0
  for (let n = first; isWanted; n += 1) {
    await startOne(hf, n)
    await pause(PAUSE_MS)
  }
  await hf.close()
} catch (error) {
  if (!isHoldfastError(error)) throw error
  console.log(`${error.code} ${error.fix}`)
  process.exitCode = 1
}
