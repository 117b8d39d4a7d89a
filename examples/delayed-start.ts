/**
 * A start that is to come later: after a while, or not before a time. It is durable at once, waits over restarts, and
 * can be taken out of the queue.
 *
 *     node examples/delayed-start.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, defineWorkflow, fasterClock, openHoldfast, why } from 'holdfast'
import { z } from 'zod'

const remind = defineWorkflow({
  name: 'remind',
  version: 1,
  input: z.object({ of: z.string() }),
  output: z.object({ of: z.string(), at: z.number() }),
  async run(ctx, { of }) {
    // The time at which it begins, not that at which it was asked for.
    const at = ctx.now()
    return await ctx.step('remind', () => ({ of, at }))
  },
})

const HOUR = 3_600_000
const dir = mkdtempSync(join(tmpdir(), 'holdfast-delayed-start-'))
// A clock that can be set forward.
const real = fasterClock({ factor: 1 })
let ahead = 0
const clock: Clock = { ...real, now: () => real.now() + ahead }
const open = () => openHoldfast({ dir, workflows: [remind], clock })

let holdfast = await open()
const asked = clock.now()
await holdfast.start(remind, { of: 'the bill' }, { id: 'bill', delay: '2h' })
await holdfast.start(remind, { of: 'the fair' }, { id: 'fair', notBefore: new Date(asked + 24 * HOUR) })
await holdfast.start(remind, { of: 'the offer' }, { id: 'offer', delay: '90 days' })
await holdfast.idle()
for (const id of ['bill', 'fair', 'offer']) assert.equal(holdfast.run(id).status(), 'queued')
console.log('the offer waits for', why(holdfast, 'offer').reasons[0]?.words)

// Somebody has answered: there is nothing to be reminded of.
await holdfast.cancel('offer', 'they have called')
assert.equal(holdfast.run('offer').status(), 'cancelled')

// The process is away for three hours. What was due meanwhile begins when it is back, the rest in its time.
for (const [id, hours] of [
  ['bill', 3],
  ['fair', 30],
] as const) {
  await holdfast.close()
  ahead = hours * HOUR
  holdfast = await open()
  const { of, at } = await holdfast.run<{ of: string; at: number }>(id).result()
  console.log(`reminded of ${of} ${Math.round((at - asked) / HOUR)} hours after it was asked for`)
  assert.ok(at >= asked + hours * HOUR)
  if (id === 'bill') assert.equal(holdfast.run('fair').status(), 'queued')
}

await holdfast.close()
rmSync(dir, { recursive: true })
