/**
 * A workflow without an end: it handles some events, then goes on as the next run with an empty journal. A
 * spawned child goes its own way.
 *
 *     node examples/endless-workflow.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const greet = defineWorkflow({
  name: 'greet',
  version: 1,
  input: z.object({ who: z.string() }),
  output: z.string(),
  run: async (ctx, { who }) => await ctx.step('greet', () => `Hello ${who}`),
})

const welcome = defineWorkflow({
  name: 'welcome',
  version: 1,
  input: z.object({ greeted: z.int() }),
  output: z.int(),
  async run(ctx, { greeted }) {
    const event = await ctx.waitFor('arrived')
    if (event?.data === 'nobody') return greeted
    await ctx.spawn('greet', greet, { who: String(event?.data) })
    return await ctx.continueAs({ greeted: greeted + 1 })
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-endless-workflow-'))
const holdfast = await openHoldfast({ dir, workflows: [welcome, greet] })

const run = await holdfast.start(welcome, { greeted: 0 }, { id: 'door' })
for (const who of ['Ada', 'Grace', 'nobody']) await holdfast.emit({ kind: 'arrived', data: who })
assert.equal(await run.result(), 2, 'the result of the last run')
assert.equal(await holdfast.run('door~2/greet').result(), 'Hello Grace')
for (const id of ['door', 'door~2', 'door~3']) console.log(id, holdfast.run(id).status())

await holdfast.close()
rmSync(dir, { recursive: true })
