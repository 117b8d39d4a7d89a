/**
 * Whether you still look: beside a review another one is put that is known to be bad, an earlier proposal with ten times the
 * amount. It does nothing, whatever is answered, and it is counted whether it was noticed.
 *
 *     node examples/vigilance.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConnector, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const paid: number[] = []
const bill = z.object({ to: z.string(), euros: z.number() })

const bank = defineConnector({
  name: 'bank',
  operations: {
    pay: {
      manifest: { title: 'Pay a bill', effect: 'irreversible', criticalArguments: ['euros'] },
      input: bill,
      output: z.null(),
      async perform({ euros }) {
        paid.push(euros)
        return null
      },
    },
  },
})

const bills = defineWorkflow({
  name: 'bills',
  version: 1,
  input: bill,
  output: z.boolean(),
  async run(ctx, input) {
    const { verdict, value } = await ctx.review('pay it', {
      action: 'pay-bill',
      operation: 'bank.pay',
      summary: `Pay ${input.to}`,
      reason: 'it is due',
      confidence: 0.9,
      proposal: input,
    })
    if (verdict === 'rejected') return false
    await ctx.act('pay', 'bank.pay', value)
    return true
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-vigilance-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [bills],
  connectors: [bank],
  // Beside each review here; one of fifty is enough in earnest.
  autonomy: { vigilance: { rate: 1 } },
})

async function answerAll(isGood: (euros: number) => boolean): Promise<void> {
  for (const { id, summary, proposal } of holdfast.reviews()) {
    const verdict = isGood(Number(proposal.euros)) ? 'approved' : 'rejected'
    console.log(`${summary}, €${proposal.euros}: ${verdict}`)
    await holdfast.answer(id, { verdict })
  }
  await holdfast.idle()
}
async function arrives(to: string, euros: number): Promise<void> {
  await holdfast.start(bills, { to, euros })
  await holdfast.idle()
}

// The first one has nothing before it that another could be made of.
await arrives('the printer', 45)
await answerAll(() => true)

// Beside the second there is one that asks for ten times too much. Who looks, notices.
await arrives('the baker', 30)
assert.equal(holdfast.reviews().length, 2)
await answerAll((euros) => euros < 100)
assert.deepEqual(holdfast.autonomy.vigilance(), { checks: 1, caught: 1, missed: [] })

// Who approves whatever comes, does not.
await arrives('the florist', 20)
await answerAll(() => true)
const { checks, caught, missed } = holdfast.autonomy.vigilance()
console.log(`${caught} of ${checks} were noticed, not ${missed.map(({ review }) => review).join(', ')}`)
assert.deepEqual([checks, caught, missed.length], [2, 1, 1])
assert.deepEqual(paid, [45, 30, 20], 'what is known to be bad does nothing')

await holdfast.close()
rmSync(dir, { recursive: true })
