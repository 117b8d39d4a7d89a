/**
 * Reviews with more than one answer: typed fields and a deadline, put off, left to a rule, and the audit of it all.
 *
 *     node examples/review-deadline.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, defineConnector, defineWorkflow, delegations, openHoldfast } from 'holdfast'
import { z } from 'zod'

const room = z.object({ room: z.string(), seats: z.number() })
const house = defineConnector({
  name: 'house',
  operations: {
    reserve: {
      manifest: { effect: 'reversible', idempotency: 'natural', criticalArguments: ['room'] },
      input: room,
      output: z.null(),
      perform: async () => null,
      undo: async () => {},
    },
  },
})

const reservation = defineWorkflow({
  name: 'reservation',
  version: 1,
  input: room,
  output: z.string(),
  async run(ctx, input) {
    const { verdict, value, way } = await ctx.review('reserve', {
      action: 'reserve-room',
      summary: `Reserve ${input.room}`,
      reason: 'asked for by mail',
      confidence: 0.9,
      proposal: input,
      fields: { room: { editable: false }, seats: { title: 'chairs' } },
      operation: 'house.reserve',
      deadline: '500ms',
      onExpiry: 'approve',
    })
    if (verdict === 'approved' || verdict === 'edited') await ctx.act('reserve', 'house.reserve', value)
    return `${verdict} by ${way}`
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-deadline-'))
const holdfast = await openHoldfast({ dir, workflows: [reservation], connectors: [house] })

async function ask(id: string) {
  const run = await holdfast.start(reservation, { room: 'attic', seats: 12 }, { id })
  await holdfast.idle()
  return { run, review: holdfast.reviews().find((one) => one.run === id) }
}

// Nobody answers: what can be undone is approved by its deadline, and is on record as that.
const silent = await ask('silent')
assert.equal(await silent.run.result(), 'approved by expiry')

// An edit has to fit the fields.
const edited = await ask('edited')
const { id = '', hash = '' } = edited.review ?? {}
const change = { verdict: 'edited', changes: { seats: 14 }, hash } as const
await assert.rejects(holdfast.answer(id, { ...change, changes: { room: 'cellar' } }), {
  code: 'REVIEW_FIELD_FIXED',
})
await holdfast.desk.snooze(id, Date.now() + 100)
assert.deepEqual(holdfast.reviews(), [])
await holdfast.answer(id, change)
assert.equal(await edited.run.result(), 'edited by program')

// "Always allow this": what is like it is approved by the rule from now on, until that is revoked.
const first = await ask('first')
const { delegation } = await holdfast.desk.delegate(first.review?.id ?? '', { same: ['room'], most: 10 })
const second = await ask('second')
assert.equal(await second.run.result(), 'approved by rule')
await holdfast.desk.revoke(delegation.id)
for (const { id, used, revoked } of delegations(holdfast)) console.log(id, used, revoked !== null)

for (const { run, actor, verdict, way, distance } of answers(holdfast)) {
  console.log(run, actor, verdict, way, distance)
}

await holdfast.close()
rmSync(dir, { recursive: true })
