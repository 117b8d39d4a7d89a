/** Circuit breakers: when the outside is down, one effect asks whether it is back and the others wait. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { waitingFor } from '../../observe/why.ts'
import { verifyRun } from '../../sdk.ts'
import { Outside, type OutsideOptions } from '../testing/outside.ts'

const MINUTE = 60_000

function flow(run: (ctx: Context, input: unknown) => Promise<unknown>): Workflow {
  return defineWorkflow({ name: 'letter', version: 1, input: z.any(), output: z.any(), run })
}

const letter = flow(async (ctx) => await ctx.act('send', 'post.send', 1))

interface Post {
  readonly place: Place
  readonly outside: Outside
}

/** An outside that is down for good, until `outside.manners` is emptied. */
async function down(
  t: TestContext,
  options: OutsideOptions & { place?: PlaceOptions; workflow?: Workflow } = {},
): Promise<Post> {
  const outside = new Outside(options)
  outside.manners.push(...new Array(1_000).fill('unavailable'))
  const place = await openPlace(t, {
    workflows: [options.workflow ?? letter],
    connectors: [outside.connector],
    ...options.place,
  })
  return { place, outside }
}

async function start(place: Place, count: number, workflow = letter): Promise<void> {
  const release = place.hf.runtime.hold()
  for (let i = 1; i <= count; i += 1) await place.hf.start(workflow, null, { id: `r${i}` })
  release()
  await place.hf.idle()
}

function breakerKinds(place: Place): string[] {
  return place.hf.log.readStream('breaker/post').map(({ kind }) => kind)
}

function status(place: Place): string | undefined {
  return place.hf.breakers().find(({ connector }) => connector === 'post')?.status
}

/** How many runs are on record as waiting for the breaker. */
function held(place: Place): number {
  return place.hf.log.tables.all('SELECT run FROM breakers_held').length
}

async function advance(place: Place, ms: number): Promise<void> {
  place.clock.advance(ms)
  await turns(5)
  await place.hf.idle()
}

describe('a breaker', () => {
  test('opens after five failures in a row, whichever runs they are of, with one alert', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 4)
    assert.deepEqual([outside.calls.length, breakerKinds(place)], [4, []])
    await place.hf.start(letter, null, { id: 'fifth' })
    await place.hf.idle()
    assert.deepEqual(breakerKinds(place), ['breaker.opened'])
    const [opened] = place.hf.log.readStream('breaker/post')
    assert.deepEqual(
      [
        opened?.body?.connector,
        opened?.body?.failures,
        (opened?.body?.error as JsonObject | undefined)?.code,
      ],
      ['post', 5, 'CONNECTOR_UNAVAILABLE'],
    )
    assert.equal(opened?.body?.until, place.clock.now() + 30_000)
    const [alert, ...more] = place.hf.alerts()
    assert.deepEqual([alert?.alert, alert?.subject, more], ['connector-down', 'post', []])
    assert.match(alert?.message ?? '', /post is down \(CONNECTOR_UNAVAILABLE: closed\)/)
  })

  test('does not count failures of long ago, nor any after a success', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 4)
    place.clock.set(place.clock.now() - 10 * 24 * 60 * MINUTE)
    await place.hf.start(letter, null, { id: 'later' })
    await place.hf.idle()
    assert.equal(status(place), undefined)
    place.clock.set(place.clock.now() + 10 * 24 * 60 * MINUTE)
    outside.manners.splice(0, outside.manners.length, 'ok', ...new Array(4).fill('unavailable'))
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await place.hf.start(letter, null, { id })
      await place.hf.idle()
    }
    await place.outcome('e')
    assert.equal(status(place), undefined)
  })

  test('counts calls without an answer in time, and no refusals or unclear errors', async (t) => {
    const outside = new Outside({ lookup: 'none', manifest: { timeoutMs: 1_000, effect: 'read' } })
    outside.manners.push(...new Array(10).fill('refuse'), ...new Array(4).fill('dropped'))
    const place = await openPlace(t, { workflows: [letter], connectors: [outside.connector] })
    for (let i = 0; i < 10; i += 1) await place.hf.start(letter, null, { id: `no${i}` })
    for (let i = 0; i < 4; i += 1) await place.hf.start(letter, null, { id: `odd${i}` })
    await place.hf.idle()
    assert.equal(status(place), undefined)
    outside.manners.push(...new Array(5).fill('hangs'))
    for (let i = 0; i < 5; i += 1) await place.hf.start(letter, null, { id: `late${i}` })
    await turns()
    place.clock.advance(1_000)
    await place.hf.idle()
    assert.equal(status(place), 'open')
    await place.pass(() => status(place) === 'closed')
    for (let i = 0; i < 5; i += 1) await place.outcome(`late${i}`)
  })

  test('while it is open nothing is attempted: runs park, and no attempt is used up', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 5)
    const calls = outside.calls.length
    for (const id of ['x', 'y', 'z']) await place.hf.start(letter, null, { id })
    await place.hf.idle()
    await advance(place, 20_000)
    assert.equal(outside.calls.length, calls)
    assert.equal(held(place), 8)
    assert.deepEqual(place.kinds('x'), ['run.started', 'effect.held'])
    assert.equal(place.hf.run('x').status(), 'waiting')
    const [waiting] = waitingFor(place.hf.log.tables, 'x')
    assert.match(waiting?.words ?? '', /^the connector post to come back \(it is down: closed\)/)
    assert.equal(waiting?.until, place.hf.breakers()[0]?.until)
    outside.manners.length = 0
    await place.outcome('x')
    const attempts = place.bodies('x', 'effect.intended').map(({ attempt }) => attempt)
    assert.deepEqual(attempts, [1])
  })

  test('what it holds is on record, though the run ends and its code never rested', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 5)
    const hasty = flow(async (ctx) => {
      void ctx.act('send', 'post.send', 1)
      for (const name of ['a', 'b', 'c']) await ctx.flag(name, false)
      return 1
    })
    await place.close()
    await place.open({ workflows: [hasty] })
    const { length } = outside.calls
    await place.hf.start(hasty, null, { id: 'hasty' })
    await place.outcome('hasty')
    assert.equal(outside.calls.length, length)
    assert.deepEqual(place.bodies('hasty', 'effect.held'), [
      { name: 'send', operation: 'post.send', connector: 'post' },
    ])
    assert.equal((await verifyRun(place.hf, 'hasty')).verdict, 'same')
    assert.equal(held(place), 0)
  })

  test('one probe goes through; in vain it opens for twice as long, without another alert', async (t) => {
    const { place, outside } = await down(t, { place: { residentRuns: 2 } })
    await start(place, 20)
    await advance(place, 29_000)
    const calls = outside.calls.length
    assert.equal(held(place), 20)
    for (const [i, minutes] of [1, 2, 4, 8, 15, 15].entries()) {
      await place.pass(() => outside.calls.length > calls + i)
      await place.hf.idle()
      await turns()
      assert.equal(outside.calls.length, calls + i + 1, 'exactly one')
      assert.equal(place.hf.breakers()[0]?.until, place.clock.now() + minutes * MINUTE)
      await advance(place, minutes * MINUTE - 1)
      assert.equal(outside.calls.length, calls + i + 1)
    }
    const raised = place.hf.log.readStream('alert/connector-down/post')
    assert.deepEqual(
      raised.map(({ kind }) => kind),
      ['alert.raised'],
    )
    outside.manners.length = 0
    await place.outcome('r1')
  })

  test('answered, it closes, the alert is cleared, and all that waited go on once each', async (t) => {
    const { place, outside } = await down(t, { place: { residentRuns: 3, activeRuns: 4 } })
    await start(place, 120)
    await advance(place, 29_000)
    assert.equal(held(place), 120)
    outside.manners.length = 0
    for (let i = 1; i <= 120; i += 1) assert.ok(await place.outcome(`r${i}`))
    assert.deepEqual(breakerKinds(place), ['breaker.opened', 'breaker.probing', 'breaker.closed'])
    assert.deepEqual(place.hf.alerts(), [])
    assert.equal(outside.done.length, 120)
    assert.equal(held(place), 0)
    const [, probing, closed] = place.hf.log.readStream('breaker/post')
    assert.equal(closed?.body?.by, 'probe')
    assert.equal(closed?.body?.run, probing?.body?.run)
  })

  test('while the probe is under way, whoever comes waits', async (t) => {
    const release = Promise.withResolvers<void>()
    const at = { probing: false }
    const { place, outside } = await down(t, {
      onPerform: () => (at.probing ? release.promise : undefined),
    })
    await start(place, 6)
    await advance(place, 29_000)
    const calls = outside.calls.length
    outside.manners.length = 0
    at.probing = true
    place.clock.advance(1_000)
    await turns()
    for (const id of ['x', 'y']) await place.hf.start(letter, null, { id })
    await turns()
    assert.equal(status(place), 'probing')
    assert.deepEqual([place.kinds('x'), place.kinds('y')], new Array(2).fill(['run.started', 'effect.held']))
    release.resolve()
    await turns()
    await place.hf.idle()
    assert.equal(outside.calls.length, calls + 8)
    for (const id of ['r1', 'r6', 'x', 'y']) assert.equal(place.hf.run(id).status(), 'completed')
  })

  test('closed just when an effect is being held: it goes on all the same', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 5)
    outside.manners.length = 0
    await place.hf.start(letter, null, { id: 'x' })
    const { log } = place.hf
    const append = log.append.bind(log)
    const late: typeof append = async (parts, blobs) => {
      const isHold = parts.some(({ events }) => events.some(({ kind }) => kind === 'effect.held'))
      if (isHold) await place.hf.closeBreaker('post')
      return await append(parts, blobs)
    }
    Object.assign(log, { append: late })
    await place.hf.idle()
    assert.ok(place.kinds('x').includes('effect.held'))
    await place.outcome('x')
    assert.deepEqual(breakerKinds(place), ['breaker.opened', 'breaker.closed'])
  })

  test('a probe that is refused shows that somebody is there', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 5)
    outside.manners.splice(0, outside.manners.length, 'refuse')
    await place.pass(() => status(place) === 'closed')
    assert.equal(breakerKinds(place).at(-1), 'breaker.closed')
  })

  test('a probe that ends unclear opens it again', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 5)
    outside.manners.splice(0, outside.manners.length, 'dropped')
    await place.pass(() => breakerKinds(place).length >= 3)
    assert.deepEqual(breakerKinds(place), ['breaker.opened', 'breaker.probing', 'breaker.opened'])
    for (let i = 1; i <= 5; i += 1) await place.outcome(`r${i}`)
  })

  test('a run that is cancelled while it should probe is followed by the next one', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 7)
    await advance(place, 29_000)
    outside.manners.length = 0
    const first = place.hf.log.tables.get<{ run: string }>('SELECT run FROM breakers_held ORDER BY position')
    const wake = place.hf.runtime.wake.bind(place.hf.runtime)
    let lost = 0
    Object.assign(place.hf.runtime, {
      wake: (run: string, ...rest: []) => {
        if (run === first?.run && lost === 0) lost += 1
        else wake(run, ...rest)
      },
    })
    for (let i = 1; i <= 7; i += 1) await place.outcome(`r${i}`)
    assert.equal(lost, 1)
    assert.notEqual(place.hf.log.readStream('breaker/post')[1]?.body?.run, first?.run)
  })

  test('the operator closes it', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 6)
    await advance(place, 29_000)
    outside.manners.length = 0
    assert.equal(await place.hf.closeBreaker('post'), true)
    assert.equal(await place.hf.closeBreaker('post'), false)
    await place.hf.idle()
    for (let i = 1; i <= 6; i += 1) assert.equal(place.hf.run(`r${i}`).status(), 'completed')
    const closed = place.hf.log.readStream('breaker/post').at(-1)
    assert.deepEqual(
      [closed?.kind, closed?.actor, closed?.body?.by],
      ['breaker.closed', 'operator', 'operator'],
    )
    await assert.rejects(place.hf.closeBreaker('pest'), { code: 'CONNECTOR_UNKNOWN' })
  })

  test('is set by the connector', async (t) => {
    const breaker = { failures: 1, openFor: '2s', longest: '3s' } as const
    const { place, outside } = await down(t, { breaker })
    await start(place, 1)
    assert.equal(place.hf.breakers()[0]?.until, place.clock.now() + 2_000)
    await place.pass(() => breakerKinds(place).length >= 5)
    assert.equal(place.hf.breakers()[0]?.until, place.clock.now() + 3_000)
    outside.manners.length = 0
    await place.outcome('r1')
    assert.throws(() => new Outside({ breaker: { failures: 0 } }), { code: 'INPUT_INVALID' })
  })
})

describe('a lookup', () => {
  test('waits for the breaker as well, and probes', async (t) => {
    const { place, outside } = await down(t)
    outside.manners.unshift('lost')
    outside.lookup = 'down'
    await start(place, 1)
    assert.equal(outside.lookups, 1)
    for (let i = 2; i <= 5; i += 1) await place.hf.start(letter, null, { id: `r${i}` })
    await place.hf.idle()
    assert.equal(status(place), 'open')
    await advance(place, 29_000)
    assert.equal(outside.lookups, 1, 'not asked again')
    outside.lookup = 'truth'
    outside.manners.length = 0
    assert.deepEqual(await place.outcome('r1'), { receipt: 1 })
    assert.equal(outside.done.filter((key) => key === outside.done[0]).length, 1, 'done once')
  })
})

describe('a restart', () => {
  test('in open state keeps it open, and goes on when its time is over', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 8)
    await advance(place, 20_000)
    const calls = outside.calls.length
    await place.reopen()
    await place.hf.idle()
    assert.equal(status(place), 'open')
    await place.hf.start(letter, null, { id: 'new' })
    await place.hf.idle()
    assert.deepEqual(place.kinds('new'), ['run.started', 'effect.held'])
    await advance(place, 9_999)
    assert.equal(outside.calls.length, calls)
    outside.manners.length = 0
    await advance(place, 1)
    for (let i = 1; i <= 8; i += 1) await place.outcome(`r${i}`)
    assert.deepEqual(breakerKinds(place), ['breaker.opened', 'breaker.probing', 'breaker.closed'])
  })

  test('during the probe: it counts as not heard of, and the effect is looked up', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 6)
    await advance(place, 29_000)
    outside.manners.splice(0, outside.manners.length, 'hangs')
    place.clock.advance(1_000)
    await turns()
    assert.equal(status(place), 'probing')
    const closing = place.reopen()
    await turns()
    place.clock.advance(11_000)
    await closing
    for (let i = 1; i <= 6; i += 1) await place.outcome(`r${i}`)
    assert.equal(outside.done.length, 6)
    assert.equal(breakerKinds(place).at(-1), 'breaker.closed')
  })

  test('after it has closed, before those that waited were woken: they are woken', async (t) => {
    const { place, outside } = await down(t)
    await start(place, 6)
    await advance(place, 29_000)
    outside.manners.length = 0
    await place.reopen({ recover: false })
    assert.equal(await place.hf.closeBreaker('post'), true)
    assert.equal(held(place), 6)
    await place.reopen({ recover: true })
    await place.hf.idle()
    for (let i = 1; i <= 6; i += 1) assert.equal(place.hf.run(`r${i}`).status(), 'completed')
  })
})
