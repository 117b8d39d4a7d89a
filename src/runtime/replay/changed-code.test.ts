/** Runs that are resumed by code that is not what they began with, and code that tries to get around. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { Outside } from '../testing/outside.ts'

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

test('a step under another name is not done again: the run stalls', async (t) => {
  const { place } = await resumedAs(
    t,
    async (ctx) => [await ctx.step('charge', () => 1), await ctx.waitFor('go')],
    async (ctx) => [await ctx.step('charge card', () => 2), await ctx.waitFor('go')],
  )
  assert.equal(place.hf.run('r').status(), 'stalled')
  const [stalled] = place.bodies('r', 'run.stalled')
  assert.match(JSON.stringify(stalled), /new step \\"charge card\\", but not for the step \\"charge\\"/)
})

test('a step put in before what was done stalls the run; put in behind it is done', async (t) => {
  const before = async (ctx: Context): Promise<unknown> => [
    await ctx.step('a', () => 1),
    await ctx.step('b', () => 2),
    await ctx.waitFor('go'),
  ]
  const { place } = await resumedAs(t, before, async (ctx) => {
    await ctx.step('a', () => 1)
    await ctx.step('new', () => 3)
    await ctx.step('b', () => 2)
    await ctx.waitFor('go')
  })
  assert.equal(place.hf.run('r').status(), 'stalled')
  const { place: other } = await resumedAs(t, before, async (ctx) => {
    await before(ctx)
    await ctx.step('new', () => 3)
  })
  assert.equal(other.hf.run('r').status(), 'completed')
})

test('a step taken out, or a branch that begins later, stalls nothing', async (t) => {
  const taken = await resumedAs(
    t,
    async (ctx) => [await ctx.step('a', () => 1), await ctx.step('b', () => 2), await ctx.waitFor('go')],
    async (ctx) => [await ctx.step('a', () => 1), await ctx.waitFor('go')],
  )
  assert.equal(taken.place.hf.run('r').status(), 'completed')
  const branches = async (ctx: Context): Promise<unknown> => {
    const late = ctx.waitFor('late', { timeout: '1h' }).then(() => ctx.step('late', () => 1))
    await ctx.race('first', { go: (own) => own.waitFor('go'), nap: (own) => own.sleep('9h') })
    await ctx.step('after', () => 2)
    return await late
  }
  const { place } = await resumedAs(t, branches, branches)
  await place.reopen()
  assert.equal(await place.outcome('r'), 1)
})

/** Code with a patch before its wait, and one behind it. */
function patchedCode(seen: boolean[]) {
  return async (ctx: Context): Promise<unknown> => {
    if (ctx.patched('early')) await ctx.step('early', () => 1)
    else await ctx.step('old', () => 1)
    await ctx.waitFor('go')
    if (ctx.patched('late')) await ctx.step('late', () => 2)
    seen.push(ctx.patched('early'), ctx.patched('late'))
    return await ctx.waitFor('end')
  }
}

async function ended(place: Place): Promise<string[]> {
  await place.hf.emit({ kind: 'end' })
  await place.outcome('r')
  return place.bodies('r', 'step.completed').map(({ name }) => String(name))
}

test('patched: a run that has gone past stays on the old path, and takes the new ones ahead of it', async (t) => {
  const seen: boolean[] = []
  const { place } = await resumedAs(
    t,
    async (ctx) => [await ctx.step('old', () => 1), await ctx.waitFor('go')],
    patchedCode(seen),
  )
  await place.reopen()
  assert.deepEqual(await ended(place), ['old', 'late'])
  assert.deepEqual(new Set(seen.map((one, i) => `${i % 2}${one}`)), new Set(['0false', '1true']))
  assert.deepEqual(
    place.bodies('r', 'patch.noted').map(({ patch }) => patch),
    ['late'],
  )
  assert.equal(await verdict(place), 'same')
})

test('patched: a new run takes the new path, also when it is replayed, and when the call is taken out', async (t) => {
  const seen: boolean[] = []
  const { place } = await resumedAs(t, patchedCode(seen), patchedCode(seen))
  await place.reopen()
  assert.equal(await verdict(place), 'unfinished')
  const retired = flow(async (ctx) => {
    await ctx.step('early', () => 1)
    await ctx.waitFor('go')
    await ctx.step('late', () => 2)
    return await ctx.waitFor('end')
  })
  await place.reopen({ workflows: [retired] })
  assert.deepEqual(await ended(place), ['early', 'late'])
  assert.ok(seen.every(Boolean))
  assert.equal(await verdict(place), 'same')
})

test('patched: in a loop it says the same each time, as it did at first', async (t) => {
  const loop = (patches: boolean) => async (ctx: Context) => {
    const said: boolean[] = []
    for (let i = 0; i < 3; i += 1) {
      if (patches) said.push(ctx.patched('in loop'))
      await ctx.waitFor('go', { timeout: '1h' })
    }
    return said
  }
  const { place } = await resumedAs(t, loop(false), loop(true))
  assert.deepEqual(await place.outcome('r'), [false, false, false])
  assert.equal(await verdict(place), 'same')
})

test('patched: a crash right behind it changes nothing, whatever was on record by then', async (t) => {
  const place = await openPlace(t, { workflows: [flow(patchedCode([]))] })
  place.spoil('r', (events) => events.some(({ kind }) => kind === 'step.completed'))
  await place.hf.start(flow(patchedCode([])), null, { id: 'r' })
  await place.pass(() => place.kinds('r').includes('step.completed'))
  assert.deepEqual(place.kinds('r').slice(0, 3), ['run.started', 'patch.noted', 'step.completed'])
  await place.hf.emit({ kind: 'go' })
  await place.hf.idle()
  assert.deepEqual(await ended(place), ['early', 'late'])
})
