/**
 * Replay: the code is run again on what a run has on record, and the first place where the two part is named.
 * Nothing is done and nothing recorded; of the steps only pure ones are made again.
 *
 *     node examples/replay.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast, verifyRun } from 'holdfast'
import { z } from 'zod'

let fetched = 0

/** The same workflow, with a rate that somebody edits without raising the version. */
const quote = (rate: number) =>
  defineWorkflow({
    name: 'quote',
    version: 1,
    input: z.object({ hours: z.number() }),
    output: z.number(),
    async run(ctx, { hours }) {
      const booked = await ctx.step('hours booked', () => {
        fetched += 1
        return 2
      })
      return await ctx.step('price', () => (hours + booked) * rate, { pure: true })
    },
  })

const dir = mkdtempSync(join(tmpdir(), 'holdfast-replay-'))
const holdfast = await openHoldfast({ dir, workflows: [quote(90)] })
const run = await holdfast.start(quote(90), { hours: 3 }, { id: 'quote-1' })
assert.equal(await run.result(), 450)
assert.equal((await verifyRun(holdfast, 'quote-1')).verdict, 'same')
await holdfast.close()

// Was it this code that made the record?
const edited = await openHoldfast({ dir, workflows: [quote(95)] })
const { verdict, divergence } = await verifyRun(edited, 'quote-1')
console.log(verdict, divergence?.explanation)
assert.deepEqual([verdict, divergence?.name, divergence?.what], ['diverged', 'price', 'result'])
assert.equal(fetched, 1, 'what is not pure is taken from the record')
await edited.close()
rmSync(dir, { recursive: true })
