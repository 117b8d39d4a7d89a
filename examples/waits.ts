/**
 * Waits that end without their event: by a timeout, or given up by a signal of the code. What a wait that was given up
 * did not receive is left for the next one.
 *
 *     node examples/waits.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const delivery = defineWorkflow({
  name: 'delivery',
  version: 1,
  input: z.object({ order: z.string() }),
  output: z.array(z.string()),
  async run(ctx, { order }) {
    const happened: string[] = []

    // null when nothing has come in time.
    const paid = await ctx.waitFor('paid', { key: order, timeout: '50ms' })
    happened.push(paid === null ? 'not paid in time' : 'paid')

    // A wait and a timer that the code gives up itself, once it knows enough.
    const giveUp = new AbortController()
    const abandoned = [
      ctx.waitFor('picked-up', { key: order, signal: giveUp.signal }),
      ctx.sleep('a week', '7d', { signal: giveUp.signal }),
    ].map((wait) =>
      wait.then(
        () => 'came',
        ({ code }) => String(code),
      ),
    )
    const sent = await ctx.waitFor('sent', { key: order })
    giveUp.abort()
    happened.push(`sent by ${sent?.data}`, ...(await Promise.all(abandoned)))

    // The pick-up has come all the same, after its wait was given up: this one receives it.
    const late = await ctx.waitFor('picked-up', { key: order, name: 'picked up after all' })
    happened.push(`picked up by ${late?.data}`)
    return happened
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-waits-'))
const holdfast = await openHoldfast({ dir, workflows: [delivery] })

const run = await holdfast.start(delivery, { order: 'o-1' }, { id: 'delivery-1' })
// Nobody waits for it yet. It is kept: a wait looks back to the beginning of its run.
await holdfast.emit({ kind: 'sent', key: 'o-1', data: 'post' })
await holdfast.emit({ kind: 'sent', key: 'o-2', data: 'somebody else' })
while (holdfast.log.readStream('run/delivery-1').every(({ kind }) => kind !== 'wait.abandoned'))
  await new Promise((resolve) => setTimeout(resolve, 20))
await holdfast.emit({ kind: 'picked-up', key: 'o-1', data: 'Ada' })

const happened = await run.result()
console.log(happened)
assert.deepEqual(happened, [
  'not paid in time',
  'sent by post',
  'OPERATION_ABANDONED',
  'OPERATION_ABANDONED',
  'picked up by Ada',
])

await holdfast.close()
rmSync(dir, { recursive: true })
