/**
 * When a step fails: attempts with a growing wait and a time limit each, errors after which there is no other
 * attempt, and a run that failed for good, gone on with from the step that failed.
 *
 *     node examples/retries.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for a service that is slow at first, and does not know every currency. */
const service = { calls: 0, knows: new Set(['EUR']) }

async function rate(currency: string, signal: AbortSignal): Promise<number> {
  service.calls += 1
  if (service.calls === 1) await new Promise((_, reject) => signal.addEventListener('abort', reject))
  if (!service.knows.has(currency)) throw new HoldfastError('CURRENCY_UNKNOWN', `no rate for ${currency}`)
  return 11.5
}

const convert = defineWorkflow({
  name: 'convert',
  version: 1,
  input: z.object({ amount: z.number(), currency: z.string() }),
  output: z.number(),
  async run(ctx, { amount, currency }) {
    const found = await ctx.step('rate', ({ signal }) => rate(currency, signal), {
      timeout: '100ms',
      retry: { attempts: 4, firstDelay: '20ms', factor: 2, maxDelay: '1s', never: ['CURRENCY_UNKNOWN'] },
    })
    return amount * found
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-retries-'))
const holdfast = await openHoldfast({ dir, workflows: [convert] })

// The first attempt takes too long, the second one succeeds.
const euros = await holdfast.start(convert, { amount: 10, currency: 'EUR' }, { id: 'euros' })
assert.equal(await euros.result(), 115)
for (const { kind, body } of holdfast.log.readStream('run/euros')) console.log(kind, body?.attempt ?? '')

// One attempt was enough to know; the run has failed, and is kept.
const dollars = await holdfast.start(convert, { amount: 10, currency: 'USD' }, { id: 'dollars' })
await assert.rejects(dollars.result(), { code: 'CURRENCY_UNKNOWN' })
assert.equal(service.calls, 3)

// Once the cause is mended: a new run that begins as that one did, from the step that failed.
service.knows.add('USD')
const again = await holdfast.fork('dollars', { from: 'rate' })
assert.equal(await again.result(), 115)

await holdfast.close()
rmSync(dir, { recursive: true })
