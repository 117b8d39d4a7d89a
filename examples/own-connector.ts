/**
 * An effect through a connector of one's own. The outside system, a bookkeeping service that drops a repeat
 * with the same key, does what it is asked once, and its answer is lost on the way. The effect is then
 * `unknown`: the service is asked by idempotency key, and nothing is booked twice.
 *
 *     node examples/own-connector.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { checkConnector } from 'holdfast/connector-contract'
import { z } from 'zod'

/** Stands for the service: entries by idempotency key. */
const entries = new Map<string, { entry: string }>()
let losesAnswer = true

const books = defineConnector({
  name: 'books',
  operations: {
    enter: {
      manifest: {
        title: 'Enter an amount in the books',
        effect: 'external',
        idempotency: 'key',
        criticalArguments: ['account'],
        hosts: [],
      },
      input: z.strictObject({ account: z.string(), cents: z.int() }),
      output: z.strictObject({ entry: z.string() }),
      async perform(_input, { idempotencyKey, signal }) {
        if (signal.aborted)
          throw new HoldfastError('CONNECTOR_UNAVAILABLE', 'The time was up before it began')
        const known = entries.get(idempotencyKey) ?? { entry: `entry-${entries.size + 1}` }
        entries.set(idempotencyKey, known)
        if (losesAnswer) {
          losesAnswer = false
          throw new HoldfastError('CONNECTOR_OUTCOME_UNKNOWN', 'The connection was lost before the answer')
        }
        return known
      },
      async lookup(_input, { idempotencyKey }) {
        const output = entries.get(idempotencyKey)
        return output === undefined ? { found: 'no' } : { found: 'yes', output }
      },
    },
  },
})

const billing = defineWorkflow({
  name: 'billing',
  version: 1,
  input: z.object({ account: z.string(), cents: z.int() }),
  output: z.object({ entry: z.string() }),
  async run(ctx, input) {
    return await ctx.act<{ entry: string }>('book it', 'books.enter', input)
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-own-connector-'))
const holdfast = await openHoldfast({ dir, workflows: [billing], connectors: [books] })
const run = await holdfast.start(billing, { account: 'acme', cents: 12_500 }, { id: 'bill-1' })

assert.deepEqual(await run.result(), { entry: 'entry-1' })
assert.equal(entries.size, 1)
for (const { kind, body } of holdfast.log.readStream('run/bill-1')) {
  console.log(kind, body?.rule ?? body?.why ?? body?.via ?? '')
}
await holdfast.close()
rmSync(dir, { recursive: true })

// What every connector must hold to, as a suite: the same that the built-in ones pass.
const report = await checkConnector({
  connector: books,
  samples: { enter: { input: { account: 'acme', cents: 100 }, seen: async () => entries.size } },
})
for (const { check, ok } of report.rows) console.log(ok ? 'ok    ' : 'NOT OK', check)
assert.equal(report.ok, true)
