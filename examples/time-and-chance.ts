/**
 * Time, chance and ids in a workflow: `now`, `random` and `uuid` say the same when the code is run again, also in another
 * process, so what was handed out before a crash is the same after it. So does the key of a step, for all its attempts.
 *
 *     node examples/time-and-chance.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** What the code drew each time that it ran up to there, and the keys of the attempts of its step. */
const drawn: string[] = []
const keys: string[] = []

const raffle = defineWorkflow({
  name: 'raffle',
  version: 1,
  input: z.object({ names: z.array(z.string()) }),
  output: z.object({ winner: z.string(), ticket: z.string(), took: z.number() }),
  async run(ctx, { names }) {
    const began = ctx.now()
    const winner = names[Math.floor(ctx.random('winner') * names.length)] ?? ''
    const ticket = ctx.uuid()
    drawn.push(`${winner} ${ticket} ${began}`)
    await ctx.waitFor('drum roll')
    await ctx.step('announce', ({ attempt, idempotencyKey }) => {
      keys.push(idempotencyKey)
      if (attempt === 1) throw new Error('the loudspeaker is off')
    })
    // It stands still between two outcomes: now it is the time at which the step was completed.
    return { winner, ticket, took: ctx.now() - began }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-time-and-chance-'))
const names = ['Ada', 'Bo', 'Cy', 'Dee']

const before = await openHoldfast({ dir, workflows: [raffle] })
await before.start(raffle, { names }, { id: 'raffle-1' })
await before.idle()
await before.close()

const after = await openHoldfast({ dir, workflows: [raffle] })
await after.emit({ kind: 'drum roll' })
const { winner, ticket, took } = await after
  .run<{ winner: string; ticket: string; took: number }>('raffle-1')
  .result()
console.log(`${winner} has won with ticket ${ticket}`)
console.log(drawn)
assert.equal(drawn.length, 2, 'the code was run twice up to the wait')
assert.equal(drawn[0], drawn[1])
assert.ok(drawn[0]?.startsWith(`${winner} ${ticket} `))
assert.ok(took > 0)
assert.deepEqual([keys.length, new Set(keys).size], [2, 1])

// Another run has a seed of its own.
const other = await after.start(raffle, { names }, { id: 'raffle-2' })
await after.emit({ kind: 'drum roll' })
assert.notEqual((await other.result()).ticket, ticket)

await after.close()
rmSync(dir, { recursive: true })
