/**
 * What an effect costs: its operation declares what one use takes, which is reserved before; the connector says afterwards what
 * it really was, and that is settled. What a refusal has reserved is given back.
 *
 *     node examples/costs.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  budgets,
  defineConnector,
  defineWorkflow,
  HoldfastError,
  openHoldfast,
  type PolicySettings,
} from 'holdfast'
import { z } from 'zod'

const CENT = 10_000 // in millionths of a dollar

const text = defineConnector({
  name: 'text',
  operations: {
    send: {
      manifest: { title: 'Send a text message', effect: 'irreversible', priceMicros: 10 * CENT },
      input: z.object({ to: z.string(), words: z.string() }),
      output: z.null(),
      async perform({ to, words }, { cost }) {
        if (to === 'nobody') throw new HoldfastError('CONNECTOR_REFUSED', 'there is no such number')
        // A short one is cheaper than was reserved for it.
        cost(words.length > 20 ? 10 * CENT : 4 * CENT)
        return null
      },
    },
  },
})

const tell = defineWorkflow({
  name: 'tell',
  version: 1,
  input: z.object({ to: z.string(), words: z.string() }),
  output: z.null(),
  run: (ctx, message) => ctx.act<null>('tell', 'text.send', message),
})

const messages = {
  name: 'messages',
  operations: ['text.*'],
  agents: ['*'],
  each: 'all',
  per: 'day',
  unit: 'usd',
  limit: 20 * CENT,
  reserve: null,
  argument: null,
  atLimit: 'deny',
} as const
const policy: PolicySettings = {
  operations: { allow: ['text.send'], deny: [], review: [] },
  egress: { allow: [] },
  budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  budgets: [messages],
}

const dir = mkdtempSync(join(tmpdir(), 'holdfast-costs-'))
const holdfast = await openHoldfast({ dir, workflows: [tell], connectors: [text], policy })
const told = async (to: string, words: string): Promise<unknown> => {
  const run = await holdfast.start(tell, { to, words })
  return await run.result().catch(({ code }) => code)
}
const settled = (): number => (budgets(holdfast)[0]?.settled ?? 0) / CENT

assert.equal(await told('ada', 'See you at ten'), null)
assert.equal(settled(), 4)
assert.equal(await told('nobody', 'See you at ten'), 'CONNECTOR_REFUSED')
assert.equal(settled(), 4, 'what was surely not done costs nothing')
assert.equal(await told('bo', 'The train is late, I come at eleven'), null)
// Fourteen cents are gone. The next one may cost ten, and only six are left.
assert.equal(await told('cy', 'Me too'), 'POLICY_DENIED')
const [state] = budgets(holdfast)
console.log(
  `settled ${settled()} cents, reserved ${(state?.reserved ?? 0) / CENT}, left ${(state?.left ?? 0) / CENT}`,
)
assert.deepEqual([settled(), state?.reserved, (state?.left ?? 0) / CENT], [14, 0, 6])

await holdfast.close()
rmSync(dir, { recursive: true })
