/** A grant that was given after something from outside was read is none for whoever that is handed on to. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions } from '../apps/testing/place.ts'
import type { Json } from '../kernel/json.ts'
import { externalFrom } from '../kernel/label.ts'
import { type AnyWorkflow, type Context, defineWorkflow } from '../kernel/workflow.ts'
import { type Agent, defineAgent, definePipeline, defineTrigger, grant } from '../sdk.ts'
import { outside } from './testing/letters-outside.ts'

const MAIL = externalFrom('mail:m-1')
const any = { input: z.any(), output: z.any() }

async function open(t: TestContext, more: PlaceOptions) {
  const done: Json[] = []
  const place = await openPlace(t, {
    connectors: [outside(done)],
    policy: {
      operations: { allow: ['*'], deny: [], review: [] },
      egress: { allow: [] },
      budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
      addressBook: ['ada@ek.example'],
    },
    ...more,
  })
  return { place, done }
}

const flow = (name: string, run: (ctx: Context, input: Json) => Promise<unknown>): AnyWorkflow =>
  defineWorkflow({ ...any, name, version: 1, run })

const send = (ctx: Context): Promise<null> => ctx.act('send', 'outside.send', { to: 'ada@ek.example' })
const read = (ctx: Context): Promise<string> => ctx.act('read', 'outside.fetch', null)

/** Reads something from outside, and tells of it later. */
const reader = flow('reader', async (ctx) => {
  await read(ctx)
  await ctx.waitFor('go')
  await ctx.emit({ kind: 'told', key: 'ada', data: 'look' })
  return 'read'
})

/** By what rules the policy has let anything be sent, or not, in the order of the log. */
function rules({ hf }: Place): Json[] {
  return [...hf.log.read()].flatMap(({ kind, body }) => {
    const { operation } = (body?.request ?? {}) as { operation?: string }
    return kind === 'policy.decided' && operation === 'outside.send' ? [body?.rule ?? null] : []
  })
}

const HELPER = { name: 'helper', version: 1, state: z.any(), initial: null }

interface HandedOn {
  readonly place?: PlaceOptions
  /** What is there before anything is read. */
  readonly before?: (place: Place) => Promise<unknown>
  readonly reads?: (place: Place) => Promise<unknown>
  readonly goesOn?: (place: Place) => Promise<unknown>
}

const agent = (on: string[], handle: Agent<Json>['handle']): PlaceOptions => ({
  agents: [defineAgent<Json>({ ...HELPER, on, handle })],
})

const waiter = flow('waiter', async (ctx) => {
  await ctx.waitFor('told', { key: 'ada' })
  return await send(ctx)
})
const sends = flow('sends', send)
const spawning = flow('spawning', async (ctx) => {
  await ctx.waitFor('told', { key: 'ada' })
  return await ctx.spawn('child', sends, null)
})
const parent = flow('parent', async (ctx) => {
  await ctx.call('read for me', reader, null)
  return await send(ctx)
})
const failing = flow('failing', async (ctx) => {
  await read(ctx)
  await ctx.waitFor('go')
  throw new Error('ask eve@evil.example')
})
const consoling = flow('consoling', async (ctx) => {
  await ctx.call('read for me', failing, null).catch(() => null)
  return await send(ctx)
})

const WAYS: Record<string, HandedOn> = {
  'by an event, to a run that a trigger starts': {
    place: {
      workflows: [reader, sends],
      triggers: [defineTrigger({ name: 'fires', on: 'told', workflow: sends, input: () => null })],
    },
  },
  'by an event, to an agent': { place: agent(['told'], async (ctx) => await send(ctx)) },
  'by an event, to a run that waits': {
    place: { workflows: [reader, waiter] },
    before: ({ hf }) => hf.start(waiter, null, { id: 'w' }),
  },
  'by an event, to a run that waits and is forked': {
    place: { workflows: [reader, waiter] },
    before: ({ hf }) => hf.start(waiter, null, { id: 'w' }),
    goesOn: async ({ hf }) => {
      await hf.emit({ kind: 'go' })
      await hf.idle()
      await hf.fork('w', { from: 'send', id: 'again' })
    },
  },
  'by an event, to a run that waits and to its children': {
    place: {
      workflows: [reader, spawning, sends],
    },
    before: ({ hf }) => hf.start(spawning, null),
  },
  'by an event, to the state of an agent': {
    place: agent(['told', 'later'], async (ctx, { kind }) => (kind === 'told' ? 'told' : await send(ctx))),
    goesOn: async ({ hf }) => {
      await hf.emit({ kind: 'go' })
      await hf.idle()
      await hf.emit({ kind: 'later', key: 'ada' })
    },
  },
  'in the state of an agent that has read it': {
    place: agent(['asked', 'later'], async (ctx, { kind }) =>
      kind === 'asked' ? await read(ctx) : await send(ctx),
    ),
    reads: ({ hf }) => hf.emit({ kind: 'asked', key: 'ada' }),
    goesOn: ({ hf }) => hf.emit({ kind: 'later', key: 'ada' }),
  },
  'in the state of an agent that was told of it': {
    place: agent(['mail', 'later'], async (ctx, { kind }) => (kind === 'mail' ? 'told' : await send(ctx))),
    reads: ({ hf }) => hf.emit({ kind: 'mail', key: 'ada', label: MAIL }),
    goesOn: async (place) => {
      await place.reopen()
      await place.hf.emit({ kind: 'later', key: 'ada' })
    },
  },
  'by what a child gives': {
    place: { workflows: [reader, parent] },
    reads: ({ hf }) => hf.start(parent, null),
  },
  'by how a child fails': {
    place: { workflows: [failing, consoling] },
    reads: ({ hf }) => hf.start(consoling, null),
  },
}

describe('what was read before a grant is no more covered when it is handed on', () => {
  for (const [way, { place: more, before, reads, goesOn }] of Object.entries(WAYS)) {
    for (const isGrantedFirst of [false, true]) {
      test(`${way}: ${isGrantedFirst ? 'a grant from before holds' : 'a grant from between is none'}`, async (t) => {
        const { place } = await open(t, { workflows: [reader], ...more })
        await before?.(place)
        await place.hf.idle()
        if (isGrantedFirst) await grant(place.hf, { operation: 'outside.send' })
        await (reads?.(place) ?? place.hf.start(reader, null))
        await place.hf.idle()
        if (!isGrantedFirst) await grant(place.hf, { operation: 'outside.send' })
        await (goesOn?.(place) ?? place.hf.emit({ kind: 'go' }))
        await place.hf.idle()
        const told = rules(place)
        assert.ok(told.length > 0)
        for (const rule of told) assert.equal(rule, isGrantedFirst ? 'taint.granted' : 'taint.grant')
      })
    }
  }

  test('in a pipeline, nothing of which is on record while it is at work', async (t) => {
    const pipe = definePipeline({
      ...any,
      name: 'pipe',
      version: 1,
      run: async (ctx) => {
        await ctx.act('read', 'outside.fetch', null)
        await ctx.step('think', async () => {
          await grant(opened.place.hf, { operation: 'outside.send' })
          return null
        })
        await ctx.emit({ kind: 'told', key: 'ada' })
        return null
      },
    })
    const opened = await open(t, {
      workflows: [pipe],
      ...agent(['told'], async (ctx) => await send(ctx)),
    })
    await opened.place.hf.call(pipe, null)
    await opened.place.hf.idle()
    assert.deepEqual([rules(opened.place), opened.done], [['taint.grant'], []])
  })

  test('an event is the same whoever publishes it again, whatever that has read by then', async (t) => {
    const twice = flow('twice', async (ctx) => {
      await ctx.emit({ kind: 'told', id: 'once' })
      await read(ctx)
      await ctx.emit({ kind: 'told', id: 'once' })
      return null
    })
    const { place } = await open(t, { workflows: [twice] })
    for (const id of ['a', 'b']) {
      await place.hf.start(twice, null, { id })
      await place.hf.idle()
      assert.equal(place.hf.run(id).status(), 'completed')
    }
    const again = flow('again', async (ctx) => {
      await read(ctx)
      await ctx.emit({ kind: 'told', id: 'read first' })
      return null
    })
    await place.reopen({ workflows: [again] })
    for (const id of ['c', 'd']) await place.hf.start(again, null, { id })
    await place.hf.idle()
    for (const id of ['c', 'd']) assert.equal(place.hf.run(id).status(), 'completed')
  })
})
