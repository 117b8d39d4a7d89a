/** Agents by the public SDK: order, exactly once, runs inside a handler, poison, lifecycle, states. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { type Agent, defineAgent } from '../../kernel/agent.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { toReceived } from '../perform/publish.ts'
import { Handling } from './handling.ts'
import { Instances } from './instances.ts'

const list = z.object({ seen: z.array(z.number()) })
type List = z.infer<typeof list>

/** Notes the numbers of its events, in order. */
const noter = defineAgent<List>({
  name: 'noter',
  version: 1,
  on: ['number'],
  state: list,
  initial: { seen: [] },
  handle: (_, event, state) => {
    state.seen.push(Number(event.data))
    return state
  },
})

const asked = (agent: Agent<List>, name: string, handle: Agent<List>['handle']): Agent<List> =>
  defineAgent<List>({ ...agent, name, handle })

/** As `noter`, but each event takes a step and an hour. */
const slow = asked(noter, 'slow', async (ctx, event, state) => {
  const number = await ctx.step('read', () => Number(event.data))
  await ctx.sleep('1h')
  return { seen: [...state.seen, number] }
})

/** Refuses what is not positive. */
const picky = asked(noter, 'picky', async (_, event, state) => {
  if (Number(event.data) <= 0) throw Object.assign(new Error(`no ${event.data}`), { code: 'NOT_POSITIVE' })
  return { seen: [...state.seen, Number(event.data)] }
})

async function say(place: Place, key: string, ...numbers: readonly number[]): Promise<void> {
  await Promise.all(numbers.map((data) => place.hf.emit({ kind: 'number', key, data })))
}

function kinds(place: Place, stream: string): string[] {
  return place.hf.log.readStream(stream).map(({ kind }) => kind)
}

describe('an agent whose handler asks for nothing', () => {
  test('handles each event once, in order, many by one event on record', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1, 2, 3)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(noter, 'a').query(), { seen: [1, 2, 3] })
    assert.deepEqual(kinds(place, 'agent/noter/a'), ['agent.handled'])
    assert.equal(place.hf.agent(noter, 'a').status().handled, 3)
    assert.equal(place.hf.log.tables.all('SELECT * FROM runs').length, 0, 'no run is needed for it')
  })

  test('is asked for its state without being woken: no handler is called, nothing is recorded', async (t) => {
    let calls = 0
    const counting = asked(noter, 'counting', async (_, event, state) => {
      calls += 1
      return { seen: [...state.seen, Number(event.data)] }
    })
    const place = await openPlace(t, { agents: [counting] })
    await say(place, 'a', 1)
    await place.hf.idle()
    await place.reopen()
    const head = place.hf.log.head()
    assert.deepEqual(await place.hf.agent(counting, 'a').query(), { seen: [1] })
    assert.deepEqual(await place.hf.agent(counting, 'b').query(), { seen: [] })
    await place.hf.idle()
    assert.equal(calls, 1)
    assert.deepEqual(place.hf.log.head(), head)
  })

  test('keeps keys apart, and leaves what is not for it', async (t) => {
    const even = defineAgent<List>({
      ...noter,
      name: 'even',
      key: ({ key, data }) => (Number(data) % 2 === 0 ? `${key}!` : null),
    })
    const place = await openPlace(t, { agents: [even, noter] })
    await Promise.all([say(place, 'a', 1, 2, 3, 4), say(place, 'b', 6), place.hf.emit({ kind: 'other' })])
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(even, 'a!').query(), { seen: [2, 4] })
    assert.deepEqual(await place.hf.agent(even, 'b!').query(({ seen }) => seen[0]), 6)
    assert.deepEqual(await place.hf.agent(noter, 'b').query(), { seen: [6] })
    assert.deepEqual(await place.hf.agent(noter, 'nobody').query(), { seen: [] })
    assert.deepEqual(
      place.hf.agents.summaries().map(({ name, instances, pending }) => [name, instances, pending]),
      [
        ['even', 2, 0],
        ['noter', 2, 0],
      ],
    )
  })

  test('sees what came before it was first opened only if it says so', async (t) => {
    const place = await openPlace(t)
    await say(place, 'a', 1)
    const all = defineAgent<List>({ ...noter, name: 'all', from: 'beginning' })
    await place.reopen({ agents: [noter, all] })
    await say(place, 'a', 2)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(noter, 'a').query(), { seen: [2] })
    assert.deepEqual(await place.hf.agent(all, 'a').query(), { seen: [1, 2] })
  })

  test('goes on after a restart with what was published meanwhile', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1)
    await place.hf.idle()
    await place.reopen({ agents: [] })
    await say(place, 'a', 2, 3)
    await place.reopen({ agents: [noter] })
    await say(place, 'a', 4)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(noter, 'a').query(), { seen: [1, 2, 3, 4] })
  })

  test('keeps the order when much has waited and more comes', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await place.hf.agent(noter).pause()
    const numbers = Array.from({ length: 450 }, (_, i) => i)
    await say(place, 'a', ...numbers.slice(0, 440))
    await place.hf.idle()
    await Promise.all([place.hf.agent(noter).resume(), say(place, 'a', ...numbers.slice(440))])
    await place.hf.idle()
    assert.deepEqual((await place.hf.agent(noter, 'a').query()).seen, numbers)
  })

  test('handles nothing new of an instance for which something waits', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await place.hf.agent(noter).pause()
    await say(place, 'a', 1)
    await place.hf.idle()
    const { log } = place.hf
    const start = () => assert.fail('no run is needed')
    const handling = new Handling(noter, log, place.clock, new Instances(log, noter, 1), {
      start,
      switched: async () => ({ off: null, parts: [] }),
    })
    const event = log.event(log.head().position)
    assert.ok(event)
    const arrivals = [{ event, received: { ...toReceived(event), data: 2 } }]
    assert.deepEqual(await handling.handle('a', arrivals, false), { parts: [], next: null, left: arrivals })
    assert.equal((await handling.handle('a', arrivals, true)).parts.length, 1)
  })

  test('hears workflows too, and what is sent to it alone', async (t) => {
    const teller = defineWorkflow({
      name: 'teller',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: async (ctx) => await ctx.emit({ kind: 'number', key: 'a', data: 7 }),
    })
    const place = await openPlace(t, { agents: [noter, picky], workflows: [teller] })
    await (await place.hf.start(teller, null)).result()
    await place.hf.emit({ kind: 'nudge', key: 'a', data: 8, to: 'noter' })
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(noter, 'a').query(), { seen: [7, 8] })
    assert.deepEqual(await place.hf.agent(picky, 'a').query(), { seen: [7] })
    await assert.rejects(place.hf.emit({ kind: 'nudge', to: 'nobody' }), { code: 'AGENT_UNKNOWN' })
  })

  test('draws the same chance as a run would, and the time of the event', async (t) => {
    const state = z.object({ drawn: z.array(z.any()) })
    const make = (name: string, inRun: boolean) =>
      defineAgent<z.infer<typeof state>>({
        name,
        version: 1,
        on: ['go'],
        state,
        initial: { drawn: [] },
        handle: async (ctx) => {
          const drawn = [ctx.random(), ctx.uuid(), ctx.random('x'), ctx.run.id.replace(name, '')]
          if (inRun) await ctx.step('ask', () => 1)
          return { drawn }
        },
      })
    const place = await openPlace(t, { agents: [make('lucky', true)] })
    await place.hf.emit({ kind: 'go', key: 'a' })
    await place.hf.idle()
    const inRun = await place.hf.agent('lucky', 'a').query()
    const run = place.hf.log.tables.get<{ id: string }>('SELECT id FROM runs')
    assert.match(String(run?.id), /^agent\/lucky\/a@\d+$/)
    await place.reopen({ agents: [{ ...make('lucky', false), version: 2 }] })
    const position = Number(run?.id.split('@')[1])
    await place.hf.log.append([
      {
        stream: 'agent/lucky/a',
        expectedVersion: 'any',
        events: [
          {
            kind: 'agent.set-aside',
            actor: 'test',
            label: SYSTEM,
            cause: position,
            body: { position, run: null, error: {} },
          },
        ],
      },
    ])
    await place.hf.agent('lucky', 'a').retry(position)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent('lucky', 'a').query(), inRun)
  })
})

describe('an agent whose handler asks for something', () => {
  test('handles by runs, one after the other per key, keys side by side', async (t) => {
    const place = await openPlace(t, { agents: [slow] })
    await Promise.all([say(place, 'a', 1, 2), say(place, 'b', 3)])
    await place.hf.idle()
    assert.deepEqual(place.hf.agent(slow, 'a').status().pending, 2)
    assert.equal(place.hf.agent(slow).status().underWay, 2)
    assert.deepEqual(await place.hf.agent(slow, 'a').query(), { seen: [] })
    place.clock.advance(3_600_000)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(slow, 'a').query(), { seen: [1] })
    assert.deepEqual(await place.hf.agent(slow, 'b').query(), { seen: [3] })
    await place.pass()
    assert.deepEqual(await place.hf.agent(slow, 'a').query(), { seen: [1, 2] })
    assert.deepEqual(kinds(place, 'agent/slow/a'), [
      'agent.began',
      'agent.handled',
      'agent.began',
      'agent.handled',
    ])
  })

  test('goes on over restarts, and events that come meanwhile wait in order', async (t) => {
    const place = await openPlace(t, { agents: [slow], residentRuns: 0 })
    await say(place, 'a', 1, 2)
    await place.hf.idle()
    await place.reopen()
    await say(place, 'a', 3)
    await place.hf.idle()
    await place.reopen()
    assert.equal(place.hf.agent(slow, 'a').status().pending, 3)
    await place.pass()
    assert.deepEqual(await place.hf.agent(slow, 'a').query(), { seen: [1, 2, 3] })
    assert.deepEqual(place.hf.agent(slow).status().pending, 0)
  })

  test('waits for the operator, for events, and acts as any run does', async (t) => {
    const patient = asked(noter, 'patient', async (ctx, event, state) => {
      const { verdict } = await ctx.review('ok?', {
        action: 'note',
        summary: 'Note it?',
        reason: 'it came',
        confidence: 0.5,
        proposal: { number: event.data },
      })
      const extra = await ctx.waitFor('extra', { key: event.key })
      return { seen: [...state.seen, verdict === 'approved' ? Number(extra?.data) : -1] }
    })
    const place = await openPlace(t, { agents: [patient] })
    await say(place, 'a', 1, 2)
    await place.hf.idle()
    await place.reopen()
    for (const extra of [10, 20]) {
      const [review] = place.hf.reviews()
      await place.hf.answer(String(review?.id), { verdict: 'approved' })
      await place.hf.emit({ kind: 'extra', key: 'a', data: extra })
      await place.hf.idle()
    }
    assert.deepEqual(await place.hf.agent(patient, 'a').query(), { seen: [10, 20] })
  })

  test('a handler that waits for what is not its own becomes a run, and holds up no other key', async (t) => {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const foreign = asked(noter, 'foreign', async (_, event, state) => {
      if (event.key === 'a') await gate
      return { seen: [...state.seen, Number(event.data)] }
    })
    const place = await openPlace(t, { agents: [foreign] })
    await Promise.all([say(place, 'a', 1), say(place, 'b', 2)])
    await turns(50)
    assert.deepEqual(await place.hf.agent(foreign, 'b').query(), { seen: [2] })
    assert.equal(place.hf.agent(foreign, 'a').status().run, 'agent/foreign/a@2')
    open()
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(foreign, 'a').query(), { seen: [1] })
  })

  test('folds before and after what needs a run', async (t) => {
    const mixed = asked(noter, 'mixed', async (ctx, event, state) => {
      const number = Number(event.data)
      return { seen: [...state.seen, number < 0 ? await ctx.step('turn', () => -number * 100) : number] }
    })
    const place = await openPlace(t, { agents: [mixed] })
    await say(place, 'a', 1, 2, -3, 4, 5, -6, 7)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(mixed, 'a').query(), { seen: [1, 2, 300, 4, 5, 600, 7] })
    assert.equal(place.hf.log.tables.all('SELECT * FROM runs').length, 2)
  })
})
