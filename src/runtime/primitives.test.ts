/**
 * Every primitive under everything that replays: a run that uses it verifies the same, what-if finds nothing
 * otherwise, preflight lets it go on wherever it waits, and a fork from each of its operations comes to an end
 * and verifies too.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import type { FlagDefinitions } from '../apps/config/flags-file.ts'
import { openPlace, type Place } from '../apps/testing/place.ts'
import { type Agent, defineAgent } from '../kernel/agent.ts'
import { definePipeline } from '../kernel/pipeline.ts'
import { type AnyWorkflow, type Context, defineWorkflow } from '../kernel/workflow.ts'
import { defineConnector } from '../ports/connector.ts'
import { preflight } from './replay/preflight.ts'
import { verifyRun } from './replay/replay.ts'
import type { Review } from './reviews/review-index.ts'
import { Outside } from './testing/outside.ts'

type Code = (ctx: Context) => Promise<unknown>
type T = Parameters<typeof openPlace>[0]

function flow(run: Code, name = 'r'): AnyWorkflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

const child = flow(async (ctx) => [await ctx.step('one', () => 1), await ctx.sleep('nap', '1h')], 'child')

const question = {
  ask: '?',
  material: {},
  answer: z.string(),
  rules: () => ({ answer: 'yes', confidence: 1, reasons: [], source: 'book' }),
}
const proposal = { action: 'pay', summary: 'Pay', reason: 'due', confidence: 1, proposal: { amount: 1 } }

const flags: FlagDefinitions = {
  version: 1,
  flags: {
    video: { rules: [{ split: { on: 50 } }] },
    share: { type: 'number', variants: { none: 0, some: 20 }, default: 'some' },
  },
}

let failures = 0

const PRIMITIVES: Readonly<Record<string, Code>> = {
  step: async (ctx) =>
    await ctx.step('count', () => {
      failures += 1
      if (failures % 2 === 1) throw new Error('not yet')
      return 1
    }),
  'pure step': async (ctx) => await ctx.step('sum', () => 1 + 1, { pure: true }),
  decide: async (ctx) => await ctx.decide('due', question),
  flag: async (ctx) => [
    await ctx.flag('video', false),
    await ctx.sleep('nap', '1h'),
    await Promise.all([ctx.flag('video', false), ctx.flag('share', 0), ctx.flag('unknown', 'none')]),
    await ctx.flag('video', false, { customer: 'c-2', key: 'k' }),
  ],
  act: async (ctx) => await ctx.act('send', 'post.send', 1),
  review: async (ctx) => (await ctx.review('ask', proposal)).verdict,
  'a review that is put off': async (ctx) => (await ctx.review('put off', proposal)).verdict,
  'a review with fields, a deadline and alternatives': async (ctx) =>
    await ctx.review('ask', {
      ...proposal,
      fields: { amount: { from: 'ask', title: 'sum' } },
      operation: 'post.send',
      segment: 'schools',
      alternatives: [{ title: 'less', proposal: { amount: 0 } }],
      deadline: '1h',
      onExpiry: 'escalate',
    }),
  'reviews that nobody answers': async (ctx) => {
    const due = { ...proposal, deadline: '1h' } as const
    return [
      await ctx.review('late no', { ...due, onExpiry: 'reject' }),
      await ctx.review('late yes', { ...due, onExpiry: 'approve', operation: 'desk.hold' }),
    ]
  },
  'a review that is left to a rule': async (ctx) => [
    await ctx.review('delegated', proposal),
    await ctx.review('by rule', proposal),
  ],
  sleep: async (ctx) => [await ctx.sleep('1h'), await ctx.sleep('nap', '2h'), ctx.now()],
  waitFor: async (ctx) => [await ctx.waitFor('go'), await ctx.waitFor('never', { timeout: '1h' })],
  emit: async (ctx) => [await ctx.emit({ kind: 'said', key: ctx.run.id }), await ctx.emit({ kind: 'said' })],
  call: async (ctx) => await ctx.call('child', child, 1),
  'random, uuid': async (ctx) => [ctx.random(), await ctx.step('a', () => 1), ctx.uuid(), ctx.random()],
  'Promise.all': async (ctx) =>
    await Promise.all([ctx.step('a', () => 1), ctx.act('b', 'post.send', 2), ctx.sleep('c', '1h')]),
  'Promise.race': async (ctx) => [
    await Promise.race([ctx.sleep('long', '2h').then(() => 'long'), ctx.sleep('short', '1h')]),
    await ctx.step('after', () => 1),
  ],
  all: async (ctx) =>
    await ctx.all(
      [1, 2, 3].map((n) => async () => [
        await ctx.sleep(`nap ${n}`, n * 1_000),
        await ctx.step(`s ${n}`, () => n),
      ]),
      { concurrency: 2 },
    ),
  map: async (ctx) =>
    await ctx.map('letters', [1, 2, 3], async (own, n) => await own.act(`send ${n}`, 'post.send', n), {
      concurrency: 2,
    }),
  race: async (ctx) => [
    await ctx.race('first', {
      answer: (own) => own.waitFor('never', { name: 'answer' }),
      late: async (own) => await own.sleep('late', '1h'),
    }),
    await ctx.step('after', () => 1),
  ],
  graph: async (ctx) =>
    await ctx.graph('order', {
      stock: { run: (own: Context) => own.step('count', () => 5) },
      price: { run: async (own: Context) => [await own.sleep('1h'), await own.step('ask', () => 3)] },
      sum: { after: ['stock', 'price'], run: (own: Context) => own.act('send', 'post.send', 3) },
    }),
  patched: async (ctx) => [
    ctx.patched('first') ? await ctx.step('new', () => 1) : 0,
    await ctx.sleep('nap', '1h'),
    ctx.patched('second') ? await ctx.step('newer', () => 2) : 0,
    await ctx.step('last', () => 3),
  ],
  'a failure that is caught': async (ctx) => {
    const refused = ctx.step('no', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } })
    return [await refused.catch((error: Error) => error.message), await ctx.step('after', () => 1)]
  },
}

/** Lets time pass, says yes to everything, and publishes what is waited for, until the run has ended. */
async function drive(place: Place, run: string, whileOpen: () => Promise<void>): Promise<void> {
  const isOver = () => place.hf.run(run).status() === 'completed'
  for (let i = 0; i < 50 && !isOver(); i += 1) {
    await place.hf.idle()
    if (isOver()) break
    await whileOpen()
    const reviews = place.hf.reviews().filter(({ name }) => !/^late/.test(name))
    for (const review of reviews) await answer(place, review)
    if (reviews.length === 0) {
      let alarms = 0
      await place.pass(() => isOver() || alarms++ > 0)
    }
  }
  assert.ok(isOver(), `${run} is ${place.hf.run(run).status()}`)
}

async function answer(place: Place, { id, name }: Review): Promise<void> {
  const isFirst = place.hf.log.readStream(`review/${id}`).length === 0
  if (name === 'put off' && isFirst) await place.hf.desk.snooze(id, place.clock.now() + 1_000)
  else if (name === 'delegated') await place.hf.desk.delegate(id, { most: 1 })
  else await place.hf.answer(id, { verdict: 'approved' })
}

/** With an undo, so that a deadline may approve what leads to it. */
const desk = defineConnector({
  name: 'desk',
  operations: {
    hold: {
      manifest: { effect: 'reversible', criticalArguments: ['amount'] },
      input: z.any(),
      output: z.any(),
      perform: async () => null,
      undo: async () => {},
    },
  },
})

async function verifyAll(place: Place): Promise<void> {
  const { log, runtime } = place.hf
  for (const { id } of log.tables.all<{ id: string }>('SELECT id FROM runs')) {
    const { verdict, divergence } = await verifyRun(log, runtime.workflows, id)
    assert.notEqual(verdict, 'diverged', `${id}: ${JSON.stringify(divergence)}`)
  }
}

async function goesOn(place: Place): Promise<void> {
  const head = place.hf.log.head()
  const { breaks } = await preflight(place.hf)
  assert.deepEqual(breaks, [])
  assert.deepEqual(place.hf.log.head(), head)
}

/** What a fork can begin from: all that the code itself asked for. */
function operationsOf(place: Place, run: string): string[] {
  const names = place.events(run).map(({ body }) => body?.name)
  return [...new Set(names.filter((name) => typeof name === 'string'))]
}

describe('everything that replays knows', () => {
  for (const [name, code] of Object.entries(PRIMITIVES)) {
    test(name, async (t: T) => {
      const connectors = [new Outside().connector, desk]
      const workflow = flow(code)
      const place = await openPlace(t, { workflows: [workflow, child], connectors, flags, residentRuns: 0 })
      await place.hf.start(workflow, null, { id: 'r' })
      await place.hf.emit({ kind: 'go' })
      await drive(place, 'r', () => goesOn(place))
      await verifyAll(place)
      const { runs, same, details } = await place.hf.whatIf()
      assert.equal(same, runs, JSON.stringify(details))
      assert.ok(
        details.every(({ stopped }) => stopped === null),
        JSON.stringify(details),
      )
      for (const from of operationsOf(place, 'r')) {
        await place.hf.fork('r', { from, id: `from ${from}` })
        await drive(place, `from ${from}`, () => goesOn(place))
      }
      await verifyAll(place)
    })
  }

  test('a pipeline', async (t) => {
    const quote = definePipeline({
      name: 'quote',
      version: 1,
      input: z.number(),
      output: z.number(),
      async run(ctx, hours) {
        const rate = await ctx.step('rate', () => 2)
        await ctx.flag('video', false)
        await ctx.emit({ kind: 'quoted', key: ctx.run.id })
        await ctx.act('send', 'post.send', 1)
        return hours * rate
      },
    })
    const place = await openPlace(t, { workflows: [quote], connectors: [new Outside().connector] })
    assert.equal(await place.hf.call(quote, 3, { id: 'q' }), 6)
    await verifyAll(place)
    assert.equal((await place.hf.whatIf()).same, 1)
    await place.hf.fork('q', { from: 'rate', result: 5, id: 'f' })
    assert.equal(await place.outcome('f'), 15)
    await verifyAll(place)
  })

  test('what an agent does in runs', async (t) => {
    const counter: Agent<number> = defineAgent({
      name: 'counter',
      version: 1,
      on: ['counted'],
      key: (event) => event.key,
      state: z.number(),
      initial: 0,
      async handle(ctx, event, state) {
        await ctx.sleep('nap', '1h')
        return state + (await ctx.step('read', () => Number(event.data)))
      },
    })
    const place = await openPlace(t, { workflows: [], agents: [counter] })
    await place.hf.emit({ kind: 'counted', key: 'a', data: 2 })
    await place.hf.emit({ kind: 'counted', key: 'a', data: 3 })
    await place.hf.idle()
    await goesOn(place)
    const { agent } = { agent: place.hf.agent(counter, 'a') }
    await place.pass(() => agent.status().handled === 2)
    assert.equal(await agent.query(), 5)
    await verifyAll(place)
    const { runs, same } = await place.hf.whatIf()
    assert.deepEqual([runs, same], [2, 2])
  })
})
