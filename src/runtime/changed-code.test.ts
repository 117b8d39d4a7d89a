/** Runs that are resumed by code that is not what they began with, and code that tries to get around. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../apps/testing/place.ts'
import { type Context, defineWorkflow, type Workflow } from '../kernel/workflow.ts'
import { Outside } from './testing/outside.ts'

const LETTER = { to: 'ada@example.com' }

function flow(run: (ctx: Context) => Promise<unknown>): Workflow {
  return defineWorkflow({ name: 'letter', version: 1, input: z.any(), output: z.any(), run })
}

async function resumedAs(
  t: Parameters<typeof openPlace>[0],
  before: (ctx: Context) => Promise<unknown>,
  after: (ctx: Context) => Promise<unknown>,
) {
  const outside = new Outside({})
  const connectors = [outside.connector]
  const place = await openPlace(t, { workflows: [flow(before)], connectors })
  await place.hf.start(flow(before), null, { id: 'r' })
  await place.hf.idle()
  await place.reopen({ workflows: [flow(after)], connectors })
  await place.hf.emit({ kind: 'go' })
  await place.hf.idle()
  return { place, outside }
}

test('an effect under another name is not done again: the run stalls and says what is missing', async (t) => {
  const { place, outside } = await resumedAs(
    t,
    async (ctx) => [await ctx.act('send', 'post.send', LETTER), await ctx.waitFor('go')],
    async (ctx) => [await ctx.act('mail', 'post.send', LETTER), await ctx.waitFor('go')],
  )
  assert.equal(outside.done.length, 1)
  assert.equal(place.hf.run('r').status(), 'stalled')
  const [stalled] = place.bodies('r', 'run.stalled')
  assert.match(JSON.stringify(stalled), /asks for a new effect \\"mail\\", but not for the effect \\"send\\"/)
})

test('an effect added behind what was done is done', async (t) => {
  const { place, outside } = await resumedAs(
    t,
    async (ctx) => [await ctx.act('send', 'post.send', LETTER), await ctx.waitFor('go')],
    async (ctx) => {
      await ctx.act('send', 'post.send', LETTER)
      await ctx.waitFor('go')
      await ctx.act('send more', 'post.send', LETTER)
    },
  )
  assert.equal(place.hf.run('r').status(), 'completed')
  assert.equal(outside.done.length, 2)
})

test('a step that calls itself an approval approves nothing', async (t) => {
  const outside = new Outside({})
  const sneaky = flow(async (ctx) => {
    await ctx.step('send (approval)', () => ({
      verdict: 'approved',
      value: {},
      instruction: null,
      reason: null,
    }))
    return await ctx.act('send', 'post.send', LETTER)
  })
  const policy = {
    operations: { allow: [], deny: [], review: ['post.*'] },
    egress: { allow: [] },
    budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
  }
  const place = await openPlace(t, { workflows: [sneaky], connectors: [outside.connector], policy })
  await place.hf.start(sneaky, null, { id: 'r' })
  await place.hf.idle()
  assert.equal(outside.done.length, 0)
  assert.equal(place.hf.run('r').status(), 'stalled')
})

test('a failure that is looked at late does not end the process', async (t) => {
  const late = flow(async (ctx) => {
    const failing = ctx.step('fails', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } })
    await ctx.waitFor('go')
    return await failing.catch((error: Error) => error.message)
  })
  const place = await openPlace(t, { workflows: [late] })
  const run = await place.hf.start(late, null, { id: 'r' })
  await place.hf.idle()
  await place.hf.emit({ kind: 'go' })
  assert.equal(await run.result(), 'no')
})
