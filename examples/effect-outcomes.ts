/**
 * What may become of an effect: an outside system that is not there is tried again, one that refuses is not, and where nobody
 * can tell whether it was done, a person is asked. It is never repeated blindly.
 *
 *     node examples/effect-outcomes.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for the outside system, which has no way to be asked afterwards. */
const calls: { to: string; attempt: number; key: string }[] = []

const bank = defineConnector({
  name: 'bank',
  operations: {
    pay: {
      manifest: { title: 'Pay a bill', effect: 'irreversible', idempotency: 'none' },
      input: z.string(),
      output: z.object({ receipt: z.string() }),
      async perform(to, { attempt, idempotencyKey }) {
        calls.push({ to, attempt, key: idempotencyKey })
        // Surely not done: it is tried again.
        if (to === 'Ada' && attempt < 3) throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'nobody answers')
        // Surely not done, and it never will be.
        if (to === 'Bo') throw new HoldfastError('CONNECTOR_REFUSED', 'there is no such account')
        // Anything else may have been done.
        if (to === 'Cy') throw new Error('the line broke')
        return { receipt: `paid to ${to}` }
      },
    },
  },
})

const pay = defineWorkflow({
  name: 'pay',
  version: 1,
  input: z.string(),
  output: z.string(),
  async run(ctx, to) {
    try {
      const retry = { attempts: 4, firstDelay: '20ms', factor: 2 }
      const { receipt } = await ctx.act<{ receipt: string }>('pay', 'bank.pay', to, { retry })
      return receipt
    } catch (error) {
      if (error instanceof HoldfastError) return `${error.code}: ${error.message}`
      throw error
    }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-effect-outcomes-'))
const holdfast = await openHoldfast({ dir, workflows: [pay], connectors: [bank] })
const paid = async (to: string): Promise<string> => await (await holdfast.start(pay, to, { id: to })).result()

assert.equal(await paid('Ada'), 'paid to Ada')
const keys = new Set(calls.map(({ key }) => key))
assert.deepEqual([calls.length, keys.size], [3, 1], 'three attempts under one key')

assert.match(await paid('Bo'), /^CONNECTOR_REFUSED: .*there is no such account/)
assert.equal(calls.length, 4)

const run = await holdfast.start(pay, 'Cy', { id: 'Cy' })
await holdfast.idle()
const [review] = holdfast.reviews()
assert.ok(review)
console.log(review.summary)
console.log(review.reason)
assert.deepEqual([run.status(), calls.length], ['waiting', 5])
// The operator has looked at the account: it was done, with this receipt.
const changes = { output: { receipt: 'found on the account' } }
await holdfast.answer(review.id, { verdict: 'edited', changes })
assert.equal(await run.result(), 'found on the account')
assert.equal(calls.length, 5, 'it was not repeated')

for (const id of ['Ada', 'Bo', 'Cy'])
  console.log(
    id,
    holdfast.log.readStream(`run/${id}`).flatMap(({ kind }) => (/^(effect|attempt)/.test(kind) ? kind : [])),
  )
await holdfast.close()
rmSync(dir, { recursive: true })
