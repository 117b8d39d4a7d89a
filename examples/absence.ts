/**
 * While you are away: after a time without a sign of you, what leaves waits for your word; reads and what can be undone go
 * on. With the next sign, work goes by itself again.
 *
 *     node examples/absence.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, defineConnector, defineWorkflow, fasterClock, openHoldfast, seen } from 'holdfast'
import { z } from 'zod'

const done: string[] = []
const operation = (effect: 'external' | 'reversible') => ({
  manifest: { effect },
  input: z.string(),
  output: z.null(),
  async perform(what: string) {
    done.push(what)
    return null
  },
  ...(effect === 'reversible' ? { undo: async () => {} } : {}),
})
const office = defineConnector({
  name: 'office',
  operations: { send: operation('external'), file: operation('reversible') },
})

const work = defineWorkflow({
  name: 'work',
  version: 1,
  input: z.string(),
  output: z.null(),
  async run(ctx, what) {
    await ctx.act('file', 'office.file', `${what} filed`)
    return await ctx.act<null>('send', 'office.send', `${what} sent`)
  },
})

const DAY = 86_400_000
const dir = mkdtempSync(join(tmpdir(), 'holdfast-absence-'))
// A clock that can be set forward.
const real = fasterClock({ factor: 1 })
let ahead = 0
const clock: Clock = { ...real, now: () => real.now() + ahead }
const holdfast = await openHoldfast({
  dir,
  workflows: [work],
  connectors: [office],
  clock,
  policy: {
    operations: { allow: ['office.*'], deny: [], review: [] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
    absence: { afterMs: 10 * DAY },
  },
})

await seen(holdfast)
await holdfast.start(work, 'an offer', { id: 'offer' })
await holdfast.idle()
assert.deepEqual(done, ['an offer filed', 'an offer sent'])

// Nobody gives a sign for eleven days.
ahead += 11 * DAY
await holdfast.start(work, 'a reminder', { id: 'reminder' })
await holdfast.idle()
assert.deepEqual(done.slice(2), ['a reminder filed'], 'what can be undone goes on')
const [review] = holdfast.reviews()
assert.ok(review)
console.log(review.reason)

// A command at a terminal is a sign, and an answer; a program says it so, and is told since when you were away.
const since = await seen(holdfast)
console.log(`away since ${new Date(since ?? 0).toISOString()}`)
assert.ok(since !== null && since < clock.now() - 10 * DAY)
await holdfast.start(work, 'a greeting', { id: 'greeting' })
await holdfast.idle()
assert.deepEqual(done.slice(3), ['a greeting filed', 'a greeting sent'])
// What was held may be wrong after so many days: it still waits for your answer.
assert.equal(holdfast.run('reminder').status(), 'waiting')
await holdfast.answer(review.id, { verdict: 'rejected', reason: 'they have paid' })
await assert.rejects(holdfast.run('reminder').result(), { code: 'POLICY_DENIED' })

await holdfast.close()
rmSync(dir, { recursive: true })
