/**
 * What can't be handled: an event whose handling fails is set aside with its error, by an agent as by a trigger, and the
 * next one goes on. Once the cause is mended, it is tried again.
 *
 *     node examples/set-aside.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineAgent, defineTrigger, defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

/** Stands for what is mended in between. */
const rates = new Map([['EUR', 1]])

function inEuro(data: unknown): number {
  const { amount, currency } = z.object({ amount: z.number(), currency: z.string() }).parse(data)
  const rate = rates.get(currency)
  if (rate === undefined) throw new Error(`there is no rate for ${currency}`)
  return amount * rate
}

const account = defineAgent({
  name: 'account',
  version: 1,
  on: ['paid'],
  state: z.number(),
  initial: 0,
  handle: (_, event, balance) => balance + inEuro(event.data),
})

const receipt = defineWorkflow({
  name: 'receipt',
  version: 1,
  input: z.number(),
  output: z.string(),
  run: async (ctx, euros) => await ctx.step('write', () => `€${euros} received`),
})

const receipts = defineTrigger({
  name: 'receipts',
  on: 'paid',
  workflow: receipt,
  input: ([event]) => inEuro(event?.data),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-set-aside-'))
const holdfast = await openHoldfast({ dir, workflows: [receipt], agents: [account], triggers: [receipts] })
const ada = holdfast.agent(account, 'ada')

for (const [amount, currency] of [
  [10, 'EUR'],
  [20, 'USD'],
  [30, 'EUR'],
] as const)
  await holdfast.emit({ kind: 'paid', key: 'ada', data: { amount, currency } })
await holdfast.idle()

// The dollars were set aside by both; what came after them was handled.
assert.equal(await ada.query(), 40)
assert.equal(holdfast.triggers.list()[0]?.fired, 2)
for (const { kind, by, position, error } of holdfast.deadLetters.list().events)
  console.log(`${kind} ${by} has set event ${position} aside: ${error.message}`)
console.log(holdfast.alerts().map(({ alert, subject }) => `${alert} ${subject}`))

const [aside] = holdfast.agent(account).setAside()
assert.deepEqual(ada.status().setAside, [aside])
const position = aside?.position ?? 0
await assert.rejects(holdfast.triggers.retry('receipts', position), { message: /there is no rate for USD/ })

rates.set('USD', 0.5)
await ada.retry(position)
const { run } = await holdfast.triggers.retry('receipts', position)
await holdfast.idle()
assert.equal(await ada.query(), 50)
console.log(run, await holdfast.run(run ?? '').result())
assert.deepEqual([holdfast.deadLetters.list().events, holdfast.alerts()], [[], []])

await holdfast.close()
rmSync(dir, { recursive: true })
