/**
 * What becomes of children when their parent ends: called ones are cancelled with it, and so on downwards, spawned ones
 * go on; `onParentClose` says otherwise.
 *
 *     node examples/parent-close.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const wait = defineWorkflow({
  name: 'wait',
  version: 1,
  input: z.null(),
  output: z.boolean(),
  run: async (ctx) => (await ctx.waitFor('done', { key: ctx.run.id })) !== null,
})

/** Calls another, so that there is a grandchild. */
const ask = defineWorkflow({
  name: 'ask',
  version: 1,
  input: z.null(),
  output: z.boolean(),
  run: async (ctx) => await ctx.call('answer', wait, null),
})

const project = defineWorkflow({
  name: 'project',
  version: 1,
  input: z.null(),
  output: z.string(),
  async run(ctx) {
    await ctx.spawn('newsletter', wait, null)
    await ctx.spawn('reminder', wait, null, { onParentClose: 'cancel' })
    const { winner } = await ctx.race('over', {
      asked: (own) => own.call('ask', ask, null),
      archived: (own) => own.call('archive', wait, null, { onParentClose: 'abandon' }),
      enough: (own) => own.waitFor('enough', { key: own.run.id }),
    })
    return winner
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-parent-close-'))
const holdfast = await openHoldfast({ dir, workflows: [project, ask, wait] })
const children = [
  'newsletter',
  'reminder',
  'over/asked/ask',
  'over/asked/ask/answer',
  'over/archived/archive',
]
const statuses = (parent: string) =>
  Object.fromEntries(children.map((child) => [child, holdfast.run(`${parent}/${child}`).status()]))

const afterwards = {
  newsletter: 'waiting',
  reminder: 'cancelled',
  'over/asked/ask': 'cancelled',
  'over/asked/ask/answer': 'cancelled',
  'over/archived/archive': 'waiting',
}

// One parent is cancelled.
const first = await holdfast.start(project, null, { id: 'first' })
await holdfast.idle()
console.log(statuses('first'))
await holdfast.cancel('first', 'the customer has left')
await assert.rejects(first.result(), { code: 'RUN_CANCELLED' })
await holdfast.idle()
console.log(statuses('first'))
assert.deepEqual(statuses('first'), afterwards)

// Another comes to its end while its children are open: they fare the same.
const second = await holdfast.start(project, null, { id: 'second' })
await holdfast.idle()
await holdfast.emit({ kind: 'enough', key: 'second' })
assert.equal(await second.result(), 'enough')
await holdfast.idle()
assert.deepEqual(statuses('second'), afterwards)

// What was abandoned lives on, and comes to its own end.
await holdfast.emit({ kind: 'done', key: 'second/over/archived/archive' })
assert.equal(await holdfast.run('second/over/archived/archive').result(), true)

await holdfast.close()
rmSync(dir, { recursive: true })
