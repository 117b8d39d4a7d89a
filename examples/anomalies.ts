/**
 * What is unusual: an agent is compared with its own past. A refund that is far above all before puts it in quarantine before
 * the money has left; from then on each effect waits for the owner's word, until that is lifted.
 *
 *     node examples/anomalies.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const refunded: number[] = []

const bank = defineConnector({
  name: 'bank',
  operations: {
    refund: {
      manifest: { title: 'Give money back', effect: 'irreversible', criticalArguments: ['euros'] },
      input: z.object({ euros: z.number() }),
      output: z.null(),
      async perform({ euros }) {
        refunded.push(euros)
        return null
      },
    },
  },
})

const refund = defineWorkflow({
  name: 'refund',
  version: 1,
  input: z.object({ euros: z.number() }),
  output: z.null(),
  run: (ctx, input) => ctx.act<null>('give back', 'bank.refund', input),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-anomalies-'))
const holdfast = await openHoldfast({ dir, workflows: [refund], connectors: [bank] })
const { anomalies } = holdfast.autonomy

async function giveBack(euros: number): Promise<string> {
  const run = await holdfast.start(refund, { euros })
  await holdfast.idle()
  return run.status()
}

// Nothing is unusual before there is a past: fourteen amounts, where amounts are compared.
for (let i = 0; i < 14; i += 1) assert.equal(await giveBack(80 + (i % 5) * 10), 'completed')
const normal = anomalies.normal('refund').find(({ measure }) => measure === 'amount')
console.log(
  `usual is €${normal?.expected}, from €${Math.round(normal?.quarantineAt ?? 0)} on it goes into quarantine`,
)
assert.deepEqual(anomalies.list(), [])

assert.equal(await giveBack(9_000), 'waiting')
const [anomaly] = anomalies.list()
console.log(anomaly?.severity, '–', anomaly?.reason)
assert.deepEqual(anomalies.quarantined(), ['refund'])

// In quarantine the usual is put to the owner as well.
assert.equal(await giveBack(100), 'waiting')
assert.equal(refunded.length, 14)

// It was a wrong number: no to that, and the agent may go on.
const [large, usual] = holdfast.reviews()
assert.ok(large && usual)
await holdfast.answer(large.id, { verdict: 'rejected', reason: 'it was 90.00' })
await anomalies.lift('refund', 'a decimal point was lost')
assert.deepEqual(anomalies.quarantined(), [])
assert.equal(await giveBack(90), 'completed')

// What waited goes on waiting for its answer.
assert.equal(refunded.length, 15)
await holdfast.answer(usual.id, { verdict: 'approved' })
await holdfast.idle()
assert.deepEqual(refunded.slice(14), [90, 100])

await holdfast.close()
rmSync(dir, { recursive: true })
