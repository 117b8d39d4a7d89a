/** Poison events, the lifecycle of agents and instances, states over versions, snapshots and memory. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { type Agent, defineAgent } from '../../kernel/agent.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'

const list = z.object({ seen: z.array(z.number()) })
type List = z.infer<typeof list>

const noter = defineAgent<List>({
  name: 'noter',
  version: 1,
  on: ['number'],
  state: list,
  initial: { seen: [] },
  handle: (_, event, { seen }) => ({ seen: [...seen, Number(event.data)] }),
})

function as(name: string, handle: Agent<List>['handle'], more: Partial<Agent<List>> = {}): Agent<List> {
  return defineAgent<List>({ ...noter, ...more, name, handle })
}

async function say(place: Place, key: string, ...numbers: readonly number[]): Promise<void> {
  for (const data of numbers) await place.hf.emit({ kind: 'number', key, data })
}

async function seen(place: Place, agent: Agent<List>, key = 'a'): Promise<readonly number[]> {
  return (await place.hf.agent(agent, key).query()).seen
}

const limit = { lowest: 0 }

/** Refuses what is below the limit. */
const picky = as('picky', (_, event, state) => {
  if (Number(event.data) < limit.lowest) throw new Error(`no ${event.data}`)
  return { seen: [...state.seen, Number(event.data)] }
})

describe('an event whose handling fails', () => {
  test('is set aside with an alert, and the next one is handled', async (t) => {
    limit.lowest = 0
    const place = await openPlace(t, { agents: [picky] })
    await say(place, 'a', 1, -2, 3)
    await place.hf.idle()
    assert.deepEqual(await seen(place, picky), [1, 3])
    const [poison, ...others] = place.hf.agent(picky).setAside()
    assert.deepEqual(others, [])
    assert.equal(poison?.error.message, 'no -2')
    assert.equal(place.hf.run(String(poison?.run)).status(), 'failed')
    const subject = `picky/a@${poison?.position}`
    const alerts = place.hf.log.readStream(`alert/event-set-aside/${subject}`)
    assert.deepEqual(
      alerts.map(({ kind, body }) => [kind, body?.alert, body?.subject]),
      [['alert.raised', 'event-set-aside', subject]],
    )
  })

  test('is handled again on demand, against the present state; a second failure sets it aside again', async (t) => {
    limit.lowest = 0
    const place = await openPlace(t, { agents: [picky] })
    await say(place, 'a', 1, -2, 3)
    await place.hf.idle()
    const position = Number(place.hf.agent(picky).setAside()[0]?.position)
    const instance = place.hf.agent(picky, 'a')
    await instance.retry(position)
    await place.hf.idle()
    assert.equal(instance.status().setAside[0]?.run, `agent/picky/a@${position}#2`)
    await place.reopen()
    limit.lowest = -10
    await place.hf.agent(picky, 'a').retry(position)
    await place.hf.idle()
    assert.deepEqual(await seen(place, picky), [1, 3, -2])
    assert.deepEqual(place.hf.agent(picky, 'a').status().setAside, [])
    const alert = place.hf.log.readStream(`alert/event-set-aside/picky/a@${position}`)
    assert.equal(alert.at(-1)?.kind, 'alert.cleared')
    await assert.rejects(place.hf.agent(picky, 'a').retry(position), { code: 'EVENT_NOT_SET_ASIDE' })
  })

  test('whose run is cancelled is set aside too', async (t) => {
    const sleepy = as('sleepy', async (ctx, _, state) => {
      await ctx.sleep('1h')
      return state
    })
    const place = await openPlace(t, { agents: [sleepy] })
    await say(place, 'a', 1)
    await place.hf.idle()
    await place.hf.cancel(String(place.hf.agent(sleepy, 'a').status().run))
    await place.hf.idle()
    const { run, pending, setAside } = place.hf.agent(sleepy, 'a').status()
    assert.deepEqual([run, pending, setAside[0]?.error.code], [null, 0, 'RUN_CANCELLED'])
  })

  test('whose run is cancelled before it has begun is set aside, and the next one is handled', async (t) => {
    const sleepy = as('sleepy', async (ctx, event, { seen }) => {
      await ctx.sleep('1h')
      return { seen: [...seen, Number(event.data)] }
    })
    const busy = defineWorkflow({
      name: 'busy',
      version: 1,
      input: z.null(),
      output: z.null(),
      run: async (ctx) => await ctx.step('work', () => gate.then(() => null)),
    })
    const { promise: gate, resolve: letGo } = Promise.withResolvers<void>()
    const place = await openPlace(t, { agents: [sleepy], workflows: [busy], activeRuns: 1 })
    await place.hf.start(busy, null, { id: 'busy' })
    await say(place, 'a', 1, 2)
    await turns()
    const run = String(place.hf.agent(sleepy, 'a').status().run)
    assert.equal(place.hf.run(run).status(), 'queued')
    await place.hf.cancel(run)
    letGo()
    await place.pass()
    const { pending, setAside } = place.hf.agent(sleepy, 'a').status()
    assert.deepEqual([pending, setAside[0]?.error.code], [0, 'RUN_CANCELLED'])
    assert.deepEqual(await seen(place, sleepy), [2])
  })

  test('a new state that does not fit is a failure of its event', async (t) => {
    const wrong = as('wrong', (_, event, state) =>
      event.data === 2 ? ({ seen: 'no list' } as never) : { seen: [...state.seen, 0] },
    )
    const place = await openPlace(t, { agents: [wrong] })
    await say(place, 'a', 1, 2, 3)
    await place.hf.idle()
    assert.deepEqual(await seen(place, wrong), [0, 0])
    assert.equal(place.hf.agent(wrong).setAside()[0]?.error.code, 'OUTPUT_INVALID')
  })

  test('what the handler did to the state before it failed is forgotten', async (t) => {
    const messy = as('messy', (_, event, state) => {
      state.seen.push(Number(event.data))
      if (event.data === 2) throw new Error('too late')
      return state
    })
    const place = await openPlace(t, { agents: [messy] })
    await Promise.all([1, 2, 3].map((data) => place.hf.emit({ kind: 'number', key: 'a', data })))
    await place.hf.idle()
    assert.deepEqual(await seen(place, messy), [1, 3])
  })

  test('one whose instance can not be told is set aside by the agent', async (t) => {
    const lost = as('lost', noter.handle, {
      key: () => {
        throw new Error('whose?')
      },
    })
    const place = await openPlace(t, { agents: [lost] })
    await say(place, 'a', 1)
    await place.hf.idle()
    const [poison] = place.hf.agent(lost).setAside()
    assert.deepEqual([poison?.key, poison?.error.code], ['', 'AGENT_KEY_FAILED'])
    await place.hf.agent(lost, 'mine').retry(Number(poison?.position))
    await place.hf.idle()
    assert.deepEqual(await seen(place, lost, 'mine'), [1])
    assert.deepEqual(place.hf.agent(lost).setAside(), [])
  })
})

describe('lifecycle', () => {
  for (const [word, lifecycle] of [
    ['pause', 'paused'],
    ['quarantine', 'quarantined'],
  ] as const) {
    test(`${lifecycle}: what comes waits, over a restart, until it is resumed`, async (t) => {
      const place = await openPlace(t, { agents: [noter] })
      await say(place, 'a', 1)
      await place.hf.idle()
      await place.hf.agent(noter)[word]('because')
      await say(place, 'a', 2)
      await place.hf.idle()
      await place.reopen()
      await say(place, 'a', 3)
      await place.hf.idle()
      assert.deepEqual(await seen(place, noter), [1])
      const { reason, by, pending, ...status } = place.hf.agent(noter).status()
      assert.deepEqual([status.lifecycle, reason, by, pending], [lifecycle, 'because', 'operator', 2])
      await place.hf.agent(noter).resume()
      await place.hf.idle()
      assert.deepEqual(await seen(place, noter), [1, 2, 3])
      assert.equal(place.hf.agent(noter).status().pending, 0)
    })
  }

  test('draining: what came before is handled, what comes later waits until it is resumed', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await place.hf.agent(noter).pause()
    await say(place, 'a', 1, 2)
    await place.hf.agent(noter).drain()
    await say(place, 'a', 3)
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter), [1, 2])
    await place.reopen()
    await say(place, 'a', 4)
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter), [1, 2])
    await place.hf.agent(noter).resume()
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter), [1, 2, 3, 4])
  })

  test('retired: handles nothing more for good, its states can be read', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1)
    await place.hf.idle()
    await place.hf.agent(noter).retire('done')
    await say(place, 'a', 2)
    await place.hf.idle()
    await assert.rejects(place.hf.agent(noter).resume(), { code: 'AGENT_RETIRED' })
    await place.reopen()
    await say(place, 'a', 3)
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter), [1])
  })

  test('one instance can be paused while the others go on', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1)
    await place.hf.idle()
    await place.hf.agent(noter, 'a').pause('on holiday')
    await say(place, 'a', 2)
    await say(place, 'b', 3)
    await place.hf.idle()
    assert.deepEqual([await seen(place, noter, 'a'), await seen(place, noter, 'b')], [[1], [3]])
    assert.deepEqual(place.hf.agent(noter, 'a').status().pending, 1)
    await place.hf.agent(noter, 'a').resume()
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter, 'a'), [1, 2])
    await assert.rejects(place.hf.agents.change('noter', 'retired', { key: 'a' }), { code: 'INPUT_INVALID' })
  })

  test('nothing is handled after the pause is on record, though it came while a batch was being handled', async (t) => {
    const late = { pause: async (): Promise<void> => {} }
    const racer = as('racer', (_, event, state) => {
      if (event.data === 2) void late.pause()
      return { seen: [...state.seen, Number(event.data)] }
    })
    const place = await openPlace(t, { agents: [racer] })
    late.pause = () => place.hf.agent(racer).pause()
    await say(place, 'a', 1)
    await place.hf.idle()
    await say(place, 'a', 2)
    await place.hf.idle()
    assert.deepEqual(await seen(place, racer), [1])
    assert.equal(place.hf.agent(racer).status().pending, 1)
    late.pause = async () => {}
    await place.hf.agent(racer).resume()
    await place.hf.idle()
    assert.deepEqual(await seen(place, racer), [1, 2])
  })

  test('an agent that nobody knows', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await assert.rejects(place.hf.agent('nobody').pause(), { code: 'AGENT_UNKNOWN', message: /noter/ })
    assert.throws(() => place.hf.agent('nobody').status(), { code: 'AGENT_UNKNOWN' })
    await assert.rejects(place.hf.agent('nobody', 'a').query(), { code: 'AGENT_UNKNOWN' })
    await assert.rejects(place.hf.agent('nobody', 'a').retry(1), { code: 'AGENT_UNKNOWN' })
    assert.throws(() => defineAgent({ ...noter, name: 'no name' }), { code: 'INPUT_INVALID' })
    await place.close()
    await assert.rejects(place.open({ agents: [noter, noter] }), { code: /DUPLICATE/ })
    await place.open({ agents: [noter] })
  })
})

describe('a state that an earlier version has left', () => {
  const sums = z.object({ sum: z.number() })
  type Sums = z.infer<typeof sums>
  const second = {
    name: 'noter',
    version: 2,
    on: ['number'],
    state: sums,
    initial: { sum: 0 },
    handle: (_: unknown, event: { readonly data: unknown }, { sum }: Sums) => ({
      sum: sum + Number(event.data),
    }),
  }

  test('is migrated', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1, 2)
    await place.hf.idle()
    const migrate = (state: unknown, from: number): Sums => ({
      sum: (state as List).seen.reduce((sum, n) => sum + n, 0) + from * 1000,
    })
    const agent = defineAgent<Sums>({ ...second, migrate })
    await place.reopen({ agents: [agent, noter] })
    assert.deepEqual(await place.hf.agent(agent, 'a').query(), { sum: 1003 })
    await say(place, 'a', 4)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(agent, 'a').query(), { sum: 1007 })
    await place.reopen()
    assert.deepEqual(await place.hf.agent(agent, 'a').query(), { sum: 1007 })
  })

  test('that does not fit quarantines its instance; nothing is lost, the next version goes on', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1)
    await place.hf.idle()
    const unfit = defineAgent<Sums>(second)
    await place.reopen({ agents: [unfit] })
    await say(place, 'a', 2)
    await say(place, 'b', 5)
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(unfit, 'b').query(), { sum: 5 })
    const { lifecycle, reason, pending } = place.hf.agent(unfit, 'a').status()
    assert.deepEqual([lifecycle, pending], ['quarantined', 1])
    assert.match(reason, /AGENT_STATE_UNFIT: .*noter\/a was left by version 1/)
    await assert.rejects(place.hf.agent(unfit, 'a').query(), { code: 'AGENT_STATE_UNFIT' })

    const migrate = (state: unknown): Sums => ({ sum: (state as List).seen[0] ?? 0 })
    const third = defineAgent<Sums>({
      ...second,
      version: 3,
      migrate: (s, from) => (from === 1 ? migrate(s) : s),
    })
    await place.reopen({ agents: [third] })
    await place.hf.idle()
    assert.deepEqual(await place.hf.agent(third, 'a').query(), { sum: 3 })
    assert.deepEqual(await place.hf.agent(third, 'b').query(), { sum: 5 })
  })

  test('a handling that began with the earlier version ends with it, and its state is migrated', async (t) => {
    const slow = as('noter', async (ctx, event, { seen: before }) => {
      await ctx.sleep('1h')
      return { seen: [...before, Number(event.data)] }
    })
    const place = await openPlace(t, { agents: [slow] })
    await say(place, 'a', 1)
    await place.hf.idle()
    const migrate = (state: unknown): Sums => ({ sum: (state as List).seen[0] ?? 0 })
    const agent = defineAgent<Sums>({ ...second, migrate })
    await place.reopen({ agents: [slow, agent] })
    await say(place, 'a', 10)
    await place.pass()
    assert.deepEqual(await place.hf.agent(agent, 'a').query(), { sum: 11 })
  })
})

describe('snapshots', () => {
  const ledger = z.object({ entries: z.array(z.object({ n: z.number(), text: z.string() })) })
  type Ledger = z.infer<typeof ledger>
  const keeper = defineAgent<Ledger>({
    name: 'keeper',
    version: 1,
    on: ['number'],
    state: ledger,
    initial: { entries: [] },
    snapshot: { everyEvents: 10, everyBytes: 100_000 },
    handle: (_, event, { entries }) => ({
      entries: [...entries, { n: Number(event.data), text: 'x'.repeat(100) }].slice(-40),
    }),
  })
  const isWhole = ({ body }: { readonly body: unknown }): boolean => Object.hasOwn(Object(body), 'state')

  test('a large state goes on record as what has changed, whole every so often, and is read from there', async (t) => {
    const place = await openPlace(t, { agents: [keeper], residentInstances: 0 })
    for (let n = 1; n <= 60; n += 1) {
      await say(place, 'a', n)
      await place.hf.idle()
    }
    const events = place.hf.log.readStream('agent/keeper/a')
    assert.equal(events.length, 60)
    const wholes = events.filter(isWhole).length
    assert.ok(wholes < 40, `${wholes} of 60 whole`)
    const { whole } = place.hf.agents.instance('keeper', 'a') ?? { whole: 0 }
    assert.ok(place.hf.log.readStream('agent/keeper/a', whole).length <= 10, 'few events are read to load it')
    assert.equal(place.hf.log.readStream('agent/keeper/a', whole).filter(isWhole).length, 1)
    assert.deepEqual(
      (await place.hf.agent(keeper, 'a').query()).entries.map(({ n }) => n),
      Array.from({ length: 40 }, (_, i) => i + 21),
    )
  })

  test('loading reads no more than the rule says, however much was handled', async (t) => {
    const place = await openPlace(t, { agents: [keeper], residentInstances: 0 })
    for (let n = 1; n <= 35; n += 1) {
      await say(place, 'a', n)
      await place.hf.idle()
    }
    const { log } = place.hf
    const read = log.readStream.bind(log)
    const counts: number[] = []
    Object.assign(log, {
      readStream: (...given: Parameters<typeof read>) => {
        const events = read(...given)
        counts.push(events.length)
        return events
      },
    })
    await place.hf.agent(keeper, 'a').query()
    assert.equal(counts.length, 1)
    assert.ok(Number(counts[0]) <= 10, `${counts[0]} rows`)
  })

  test('few instances stay in memory', async (t) => {
    const place = await openPlace(t, { agents: [noter], residentInstances: 3 })
    for (let n = 0; n < 10; n += 1) await say(place, `key-${n}`, n)
    await place.hf.idle()
    assert.equal(place.hf.agents.resident, 3)
    await say(place, 'key-0', 10)
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter, 'key-0'), [0, 10])
  })

  test('what waits is still handled when the body that routed it is erased', async (t) => {
    const place = await openPlace(t, { agents: [noter, picky] })
    limit.lowest = 0
    await say(place, 'a', 1, -1)
    await place.hf.idle()
    await place.hf.agent(noter).pause('a secret reason')
    await say(place, 'a', 2)
    await place.hf.idle()
    const { log } = place.hf
    const positions = [...log.read()]
      .filter(({ kind }) => /^agent\.(?!handled)/.test(kind))
      .map(({ position }) => position)
    await log.erase({ positions }, { actor: 'operator', reason: 'asked for' })
    assert.deepEqual(log.rebuild({ replace: false }).differing, [])
    assert.doesNotMatch(JSON.stringify(log.tables.all('SELECT * FROM agents')), /secret/)
    assert.doesNotMatch(JSON.stringify(log.tables.all('SELECT * FROM agents_set_aside')), /no -1/)
    await place.reopen()
    await place.hf.idle()
    const { lifecycle, pending } = place.hf.agent(noter).status()
    assert.deepEqual([lifecycle, pending], ['paused', 1])
    await place.hf.agent(noter).resume()
    await place.hf.idle()
    assert.deepEqual(await seen(place, noter), [1, -1, 2])
  })

  test('an erased state is missed, not made up', async (t) => {
    const place = await openPlace(t, { agents: [noter] })
    await say(place, 'a', 1)
    await place.hf.idle()
    const [event] = place.hf.log.readStream('agent/noter/a')
    await place.hf.log.erase(
      { positions: [Number(event?.position)] },
      { actor: 'operator', reason: 'asked for' },
    )
    await place.reopen()
    await assert.rejects(place.hf.agent(noter, 'a').query(), { code: 'BODY_ERASED' })
    await say(place, 'a', 2)
    await place.hf.idle()
    const { lifecycle, pending } = place.hf.agent(noter, 'a').status()
    assert.deepEqual([lifecycle, pending], ['quarantined', 1])
  })
})
