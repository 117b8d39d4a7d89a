/**
 * An agent: one instance for each customer, which handles the customer's events one at a time, in their order,
 * each exactly once. Most events only change its state; one of them takes a step and waits a day.
 *
 *     node examples/agent.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineAgent, fasterClock, openHoldfast } from 'holdfast'
import { z } from 'zod'

const onboarding = defineAgent({
  name: 'onboarding',
  version: 1,
  on: ['customer.signed', 'document.received'],
  // Which instance an event is for: `onboarding/ada`, `onboarding/bo`.
  key: (event) => event.key,
  state: z.object({ documents: z.array(z.string()), welcomed: z.boolean() }),
  initial: { documents: [], welcomed: false },
  async handle(ctx, event, state) {
    // Old state and event in, new state out: nothing durable is asked for, so this needs no run of its own.
    if (event.kind === 'document.received')
      return { ...state, documents: [...state.documents, String(event.data)] }
    // This does: it is a run, survives a crash, and may take days. Later events of this customer wait meanwhile.
    await ctx.sleep('settle in', '1 day')
    await ctx.step('welcome', () => console.log(`welcome, ${event.key}`))
    return { ...state, welcomed: true }
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-agent-'))
const holdfast = await openHoldfast({
  dir,
  workflows: [],
  agents: [onboarding],
  clock: fasterClock({ factor: 100_000 }),
})

for (const key of ['ada', 'bo']) {
  await holdfast.emit({ kind: 'customer.signed', key })
  await holdfast.emit({ kind: 'document.received', key, data: 'passport' })
}
await holdfast.emit({ kind: 'document.received', key: 'bo', data: 'contract' })

// The passports wait behind the welcome.
const ada = holdfast.agent(onboarding, 'ada')
while (ada.status().handled < 2 || holdfast.agent(onboarding).status().pending > 0) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}

assert.deepEqual(await ada.query(), { documents: ['passport'], welcomed: true })
const documents = await holdfast.agent(onboarding, 'bo').query((state) => state.documents)
assert.deepEqual(documents, ['passport', 'contract'])
console.log(holdfast.agent(onboarding).status())

await holdfast.close()
rmSync(dir, { recursive: true })
