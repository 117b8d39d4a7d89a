/**
 * Rollback by the operator: a run that ended well is taken back all the same. What that would undo is told before; what
 * has no undo is put to a person, who deals with it by hand.
 *
 *     node examples/rollback.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for the outside: what is reserved, and the letters that have left. */
const reserved = new Set<string>()
const letters: string[] = []

const shop = defineConnector({
  name: 'shop',
  operations: {
    reserve: {
      manifest: { title: 'Reserve goods', effect: 'reversible', idempotency: 'natural' },
      input: z.string(),
      output: z.null(),
      async perform(what) {
        reserved.add(what)
        return null
      },
      async undo(what) {
        reserved.delete(what)
      },
    },
    write: {
      manifest: { title: 'Send a letter', effect: 'external' },
      input: z.string(),
      output: z.null(),
      async perform(text) {
        letters.push(text)
        return null
      },
    },
  },
})

const order = defineWorkflow({
  name: 'order',
  version: 1,
  input: z.array(z.string()),
  output: z.null(),
  async run(ctx, items) {
    for (const item of items) await ctx.act(`reserve ${item}`, 'shop.reserve', item)
    await ctx.act('confirm', 'shop.write', `We have put aside: ${items.join(', ')}`)
    return null
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-rollback-'))
const holdfast = await openHoldfast({ dir, workflows: [order], connectors: [shop] })
const run = await holdfast.start(order, ['chair', 'lamp'], { id: 'order-1' })
await run.result()
assert.deepEqual([reserved.size, letters.length], [2, 1])

// It was a mistake. What would be undone, the last first, and what could not be?
const { undoable, final } = holdfast.planRollback('order-1')
console.log('to undo:', undoable.map(({ name }) => name).join(', '))
console.log('for good:', final.map(({ name }) => name).join(', '))
assert.equal(reserved.size, 2, 'a plan changes nothing')

const rollback = await holdfast.rollback('order-1')
await holdfast.idle()
assert.equal(reserved.size, 0, 'what has an undo waits for nobody')
const [review] = holdfast.reviews()
assert.ok(review)
console.log(review.reason)
await holdfast.answer(review.id, { verdict: 'approved', reason: 'I have called them' })

const { undone, byHand } = await rollback.result()
assert.deepEqual(
  undone.map(({ name }) => name),
  ['reserve lamp', 'reserve chair'],
)
assert.deepEqual(byHand, [{ run: 'order-1', name: 'confirm', operation: 'shop.write' }])
console.log(rollback.id, rollback.status())

await holdfast.close()
rmSync(dir, { recursive: true })
