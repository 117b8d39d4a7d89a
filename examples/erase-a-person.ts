/**
 * Somebody asks to be erased: from runs, states of agents, published events, and from the names of streams that their
 * address is in. Then every byte is searched for them.
 *
 *     node examples/erase-a-person.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkpointOf, defineAgent, defineWorkflow, erase, openHoldfast } from 'holdfast'
import { z } from 'zod'

const quote = defineWorkflow({
  name: 'quote',
  version: 1,
  input: z.object({ to: z.string() }),
  output: z.string(),
  run: async (ctx, { to }) => await ctx.step('write', () => `Dear ${to}, that will be 900 crowns`),
})

const memory = defineAgent({
  name: 'memory',
  version: 1,
  on: ['said'],
  state: z.object({ words: z.array(z.string()) }),
  initial: { words: [] },
  handle: (_, { data }, { words }) => ({ words: [...words, String(data)] }),
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-erase-a-person-'))
const holdfast = await openHoldfast({ dir, workflows: [quote], agents: [memory] })
const [ada, bob] = ['ada@hall.example', 'bob@mill.example']
for (const who of [ada, bob]) {
  await (await holdfast.start(quote, { to: who }, { id: `quote-${who}`, customer: who })).result()
  await holdfast.emit({ kind: 'said', key: who, data: `I am ${who}` })
}
await holdfast.idle()
const checkpoint = checkpointOf(holdfast.log, Date.now())

const erased = await erase(holdfast, { customer: ada, names: [ada], reason: 'asked for it', search: dir })
console.log(erased)
assert.deepEqual(erased.traces, [])
assert.deepEqual(await holdfast.agent(memory, bob).query(), { words: [`I am ${bob}`] })
console.log(holdfast.log.verify(checkpoint))
assert.deepEqual(holdfast.log.rebuild({ replace: false }).differing, [])
await holdfast.close()
rmSync(dir, { recursive: true })
