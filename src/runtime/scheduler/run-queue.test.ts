/** Who begins when: limits, order, delays, cancellation, and all of it across restarts. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { recordCrashImages } from '../../apps/testing/crash-images.ts'
import { verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import type { Scheduling } from '../../kernel/scheduling.ts'
import { defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { openHoldfast } from '../../sdk.ts'

/** Runs of it are under way until they are let go; `begun` says in which order they began. */
function gated(name: string, scheduling: Scheduling<string> = {}) {
  const begun: string[] = []
  const gates = new Map<string, () => void>()
  const workflow: Workflow<string, string> = defineWorkflow({
    name,
    version: 1,
    input: z.string(),
    output: z.string(),
    ...scheduling,
    async run(ctx, input) {
      return await ctx.step('work', async () => {
        begun.push(input)
        await new Promise<void>((resolve) => gates.set(input, resolve))
        return input
      })
    },
  })
  const letGo = async (input: string): Promise<void> => {
    gates.get(input)?.()
    await turns()
  }
  const letAllGo = async (): Promise<void> => {
    while (gates.size > 0) {
      for (const [input, open] of gates) {
        gates.delete(input)
        open()
      }
      await turns()
    }
  }
  return { workflow, begun, letGo, letAllGo }
}

function statuses(place: Place, ids: readonly string[]): string[] {
  return ids.map((id) => place.hf.run(id).status())
}

function rows(place: Place, table: string): number {
  return place.hf.log.tables.all(`SELECT * FROM ${table}`).length
}

describe('room', () => {
  test('a start without limits, while there is room, is one event and no row of the queue', async (t) => {
    const { workflow, letAllGo } = gated('work')
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, 'a', { id: 'a' })
    assert.equal(place.hf.run('a').status(), 'running')
    await turns()
    await letAllGo()
    assert.deepEqual(place.kinds('a'), ['run.started', 'step.completed', 'run.completed'])
    assert.equal(place.events('a')[0]?.body?.queue, undefined)
  })

  test('more than can be taken on are queued on record, and begin as places fall free', async (t) => {
    const { workflow, begun, letGo, letAllGo } = gated('work')
    const place = await openPlace(t, { workflows: [workflow], activeRuns: 2 })
    const ids = ['a', 'b', 'c', 'd']
    await Promise.all(ids.map((id) => place.hf.start(workflow, id, { id })))
    await turns()
    assert.deepEqual(statuses(place, ids), ['running', 'running', 'queued', 'queued'])
    assert.deepEqual(begun, ['a', 'b'])
    await letGo('a')
    assert.deepEqual(begun, ['a', 'b', 'c'])
    await letAllGo()
    await place.hf.idle()
    assert.deepEqual(statuses(place, ids), Array(4).fill('completed'))
    assert.deepEqual(place.kinds('d').slice(0, 2), ['run.started', 'run.admitted'])
  })

  test('who waits is taken up by the next process, in order', async (t) => {
    const { workflow, begun, letAllGo } = gated('work')
    const place = await openPlace(t, { workflows: [workflow], activeRuns: 1 })
    for (const id of ['a', 'b', 'c']) await place.hf.start(workflow, id, { id })
    await turns()
    const closing = place.reopen()
    await letAllGo()
    await closing
    await turns()
    await letAllGo()
    await place.hf.idle()
    assert.deepEqual(begun, ['a', 'b', 'c'])
    assert.deepEqual(statuses(place, ['b', 'c']), ['completed', 'completed'])
  })

  test('ten thousand at once: few in memory, and turns of the event loop in between', async (t) => {
    const flow = defineWorkflow({
      name: 'quick',
      version: 1,
      input: z.number(),
      output: z.number(),
      run: async (_, n) => n,
    })
    const place = await openPlace(t, { workflows: [flow], activeRuns: 200 })
    let largest = 0
    let commits = 0
    place.hf.log.onCommit((events) => {
      commits += 1
      largest = Math.max(largest, events.length)
    })
    let loops = 0
    let counting = true
    const count = (): void => {
      loops += 1
      if (counting) setImmediate(count)
    }
    setImmediate(count)
    const handles = await Promise.all(
      Array.from({ length: 10_000 }, (_, n) => place.hf.start(flow, n, { id: `r${n}` })),
    )
    await Promise.all(handles.map((handle) => handle.result()))
    counting = false
    assert.ok(largest <= 2_000, `${largest} events in one commit`)
    assert.ok(loops >= commits / 2, `${loops} turns, ${commits} commits`)
    assert.equal(rows(place, 'runs_queue'), 0)
  })
})

describe('order', () => {
  test('the higher priority first, per workflow and per start', async (t) => {
    const low = gated('low')
    const high = gated('high', { priority: 5 })
    const place = await openPlace(t, { workflows: [low.workflow, high.workflow], activeRuns: 1 })
    await place.hf.start(low.workflow, 'first')
    for (const id of ['a', 'b']) await place.hf.start(low.workflow, id)
    await place.hf.start(high.workflow, 'h')
    await place.hf.start(low.workflow, 'urgent', { priority: 9 })
    const order: string[] = []
    for (let i = 0; i < 5; i += 1) {
      await turns()
      const now = [...low.begun, ...high.begun].find((id) => !order.includes(id)) ?? ''
      order.push(now)
      await low.letGo(now)
      await high.letGo(now)
    }
    assert.deepEqual(order, ['first', 'urgent', 'h', 'a', 'b'])
  })

  test('a thousand runs of one workflow do not hold up one of another', async (t) => {
    const many = gated('many')
    const one = gated('one')
    const place = await openPlace(t, { workflows: [many.workflow, one.workflow], activeRuns: 1 })
    for (let i = 0; i < 1_000; i += 1) void place.hf.start(many.workflow, `m${i}`)
    await turns()
    await place.hf.start(one.workflow, 'o')
    await many.letGo('m0')
    await many.letGo('m1')
    assert.deepEqual(one.begun, ['o'])
    await one.letGo('o')
    await many.letAllGo()
    await place.hf.idle()
  })

  test('who has waited longest gets one turn in eight, whatever comes before it', async (t) => {
    const low = gated('low')
    const high = gated('high', { priority: 1 })
    const place = await openPlace(t, { workflows: [low.workflow, high.workflow], activeRuns: 1 })
    await place.hf.start(high.workflow, 'h0')
    await place.hf.start(low.workflow, 'poor')
    for (let i = 1; i < 40; i += 1) await place.hf.start(high.workflow, `h${i}`)
    for (let i = 0; low.begun.length === 0 && i < 40; i += 1) await high.letGo(`h${i}`)
    assert.deepEqual(low.begun, ['poor'])
    assert.equal(high.begun.length, 8)
    await low.letGo('poor')
    await high.letAllGo()
    await place.hf.idle()
  })
})

describe('concurrency', () => {
  const key = (input: string) => input.charAt(0)

  test('at most so many of one key; other keys are not held up', async (t) => {
    const { workflow, begun, letGo, letAllGo } = gated('work', { concurrency: { limit: 2, key } })
    const place = await openPlace(t, { workflows: [workflow] })
    for (const id of ['a1', 'a2', 'a3', 'a4', 'b1']) await place.hf.start(workflow, id, { id })
    await turns()
    assert.deepEqual(begun.toSorted(), ['a1', 'a2', 'b1'])
    await letGo('a2')
    assert.deepEqual(begun.at(-1), 'a3')
    await letAllGo()
    await place.hf.idle()
    assert.equal(place.hf.run('a4').status(), 'completed')
  })

  test('a run that waits keeps its place, also for the next process', async (t) => {
    const flow = defineWorkflow({
      name: 'slow',
      version: 1,
      input: z.string(),
      output: z.any(),
      concurrency: { limit: 1 },
      run: async (ctx) => await ctx.sleep('1h'),
    })
    const place = await openPlace(t, { workflows: [flow] })
    for (const id of ['a', 'b']) await place.hf.start(flow, id, { id })
    await place.hf.idle()
    await place.reopen()
    await place.hf.idle()
    assert.deepEqual(statuses(place, ['a', 'b']), ['waiting', 'queued'])
    place.clock.advance(3_600_000)
    await turns()
    await place.hf.idle()
    assert.deepEqual(statuses(place, ['a', 'b']), ['completed', 'waiting'])
  })
})

describe('rate', () => {
  const flow = defineWorkflow({
    name: 'rated',
    version: 1,
    input: z.string(),
    output: z.string(),
    rate: { limit: 2, per: '1m', key: (input) => input.charAt(0) },
    run: async (_, input) => input,
  })

  test('at most so many starts in any period, also across restarts', async (t) => {
    const place = await openPlace(t, { workflows: [flow] })
    const ids = ['a1', 'a2', 'a3', 'a4', 'a5']
    for (const id of [...ids, 'b1']) await place.hf.start(flow, id, { id })
    await place.hf.idle()
    const ended = () => ids.filter((id) => place.hf.run(id).status() === 'completed')
    assert.deepEqual(ended(), ['a1', 'a2'])
    assert.equal(place.hf.run('b1').status(), 'completed')
    place.clock.advance(30_000)
    await place.reopen()
    await turns()
    assert.equal(ended().length, 2)
    place.clock.advance(30_000)
    await turns()
    assert.deepEqual(ended(), ['a1', 'a2', 'a3', 'a4'])
    place.clock.advance(60_000)
    await turns()
    assert.equal(ended().length, 5)
    assert.equal(rows(place, 'runs_rates'), 2, 'only the times of one period and key are kept')
  })

  test('a clock that is set back does not stop it for as long', async (t) => {
    const place = await openPlace(t, { workflows: [flow] })
    for (const id of ['a1', 'a2']) await place.hf.start(flow, id, { id })
    await place.hf.idle()
    place.clock.set(place.clock.now() - 10 * 86_400_000)
    await place.hf.start(flow, 'a3', { id: 'a3' })
    await turns()
    assert.equal(place.hf.run('a3').status(), 'completed')
  })

  test('nor does it stop what waits for its turn already', async (t) => {
    const place = await openPlace(t, { workflows: [flow] })
    for (const id of ['a1', 'a2', 'a3']) await place.hf.start(flow, id, { id })
    await place.hf.idle()
    place.clock.set(place.clock.now() - 10 * 86_400_000)
    place.clock.advance(59_999)
    await turns()
    assert.equal(place.hf.run('a3').status(), 'queued')
    place.clock.advance(1)
    await turns()
    assert.equal(place.hf.run('a3').status(), 'completed')
  })
})

describe('later', () => {
  test('a delayed start is a durable timer', async (t) => {
    const { workflow, begun, letAllGo } = gated('work')
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, 'a', { id: 'a', delay: '1h' })
    await place.hf.start(workflow, 'b', { id: 'b', notBefore: new Date(place.clock.now() + 7_200_000) })
    await place.reopen()
    await turns()
    assert.deepEqual(statuses(place, ['a', 'b']), ['queued', 'queued'])
    place.clock.advance(3_599_999)
    await turns()
    assert.deepEqual(begun, [])
    place.clock.advance(1)
    await turns()
    assert.deepEqual(begun, ['a'])
    await letAllGo()
    await place.close()
    place.clock.advance(86_400_000)
    await place.open()
    await turns()
    assert.deepEqual(begun, ['a', 'b'])
    await letAllGo()
    await place.hf.idle()
    assert.deepEqual(place.kinds('b').slice(0, 3), ['run.started', 'run.queued', 'run.admitted'])
  })

  test('the code is told the time at which it began, not that of asking; also in replays, forks and once reopened', async (t) => {
    let isMended = false
    const told = defineWorkflow({
      name: 'told',
      version: 1,
      input: z.null(),
      output: z.number(),
      concurrency: { limit: 1 },
      async run(ctx) {
        const began = ctx.now()
        await ctx.step('note', () => began)
        await ctx.sleep('1h')
        const work = () => (isMended ? began : Promise.reject(new Error('not yet')))
        return await ctx.step('work', work, { retry: { attempts: 1 } })
      },
    })
    const place = await openPlace(t, { workflows: [told] })
    const asked = place.clock.now()
    await place.hf.start(told, null, { id: 'r', delay: '3d' })
    const is = async (run: string): Promise<void> => {
      const [noted] = place.bodies(run, 'step.completed')
      assert.equal(noted?.result, asked + 3 * 86_400_000)
      assert.equal(await verdict(place, run), 'same')
    }
    await assert.rejects(place.outcome('r'), { code: 'STEP_FAILED' })
    await is('r')
    place.clock.advance(86_400_000)
    isMended = true
    await place.hf.start(told, null, { id: 'other' })
    await place.hf.deadLetters.retry('r')
    assert.equal(place.hf.run('r').status(), 'queued')
    const began = asked + 3 * 86_400_000
    assert.equal(await place.outcome('r'), began)
    await is('r')
    assert.deepEqual(place.kinds('r').filter((kind) => kind === 'run.admitted').length, 2)
    const fork = await place.hf.fork('r', { from: 'work' })
    assert.equal(await place.outcome(fork.id), began)
  })

  test('what is not a time, or two of them, is refused', async (t) => {
    const { workflow } = gated('work')
    const { hf } = await openPlace(t, { workflows: [workflow] })
    for (const notBefore of [new Date('x'), 8.64e15 + 1])
      await assert.rejects(hf.start(workflow, 'a', { notBefore }), { code: 'INPUT_INVALID' })
    await assert.rejects(hf.start(workflow, 'a', { notBefore: 1, delay: 1 }), { code: 'INPUT_INVALID' })
    await assert.rejects(hf.start(workflow, 'a', { priority: 0.5 }), { code: 'INPUT_INVALID' })
    assert.equal(hf.log.head().position, 0)
  })
})

describe('cancelling', () => {
  test('a run that is cancelled and then reopened waits behind those that came meanwhile', async (t) => {
    const { workflow, begun, letGo, letAllGo } = gated('limited', { concurrency: { limit: 2 } })
    const busy = gated('busy')
    let isMended = false
    const above = defineWorkflow({
      name: 'above',
      version: 1,
      input: z.null(),
      output: z.null(),
      async run(ctx) {
        await ctx.spawn('below', workflow, 'child', { onParentClose: 'cancel' })
        if (!isMended) throw new Error('broken')
        await ctx.sleep('1h')
        return null
      },
    })
    const place = await openPlace(t, { workflows: [workflow, busy.workflow, above], activeRuns: 1 })
    await place.hf.start(above, null, { id: 'above' })
    await place.hf.start(busy.workflow, 'busy', { id: 'busy', priority: 9 })
    await turns()
    assert.deepEqual(statuses(place, ['above', 'busy', 'above/below']), ['failed', 'running', 'cancelled'])
    await place.hf.start(workflow, 'other', { id: 'other' })
    isMended = true
    await place.hf.deadLetters.retry('above')
    assert.deepEqual(statuses(place, ['above/below', 'other']), ['queued', 'queued'])
    await busy.letGo('busy')
    await letGo('other')
    await letAllGo()
    assert.deepEqual(begun, ['other', 'child'])
  })

  test('those behind a queued run that is cancelled go on in their order', async (t) => {
    const { workflow, begun, letGo, letAllGo } = gated('work')
    const busy = gated('busy')
    const place = await openPlace(t, { workflows: [workflow, busy.workflow], activeRuns: 2 })
    for (const id of ['one', 'two']) await place.hf.start(busy.workflow, id, { id })
    await place.hf.start(workflow, 'a', { id: 'a' })
    await place.hf.cancel('a')
    for (const id of ['b', 'c', 'd']) await place.hf.start(workflow, id, { id })
    await Promise.all(['one', 'two'].map(busy.letGo))
    assert.deepEqual(begun, ['b', 'c'])
    await letGo('b')
    await letAllGo()
    assert.deepEqual(begun, ['b', 'c', 'd'])
  })

  test('a queued or a delayed run never begins', async (t) => {
    const { workflow, begun, letAllGo } = gated('work')
    const place = await openPlace(t, { workflows: [workflow], activeRuns: 1 })
    for (const id of ['a', 'b', 'c']) await place.hf.start(workflow, id, { id })
    await place.hf.start(workflow, 'd', { id: 'd', delay: '1h' })
    const result = assert.rejects(place.hf.run('b').result(), { code: 'RUN_CANCELLED' })
    await place.hf.cancel('b', 'not needed')
    await place.hf.cancel('d')
    await result
    place.clock.advance(3_600_000)
    await turns()
    await letAllGo()
    await place.hf.idle()
    assert.deepEqual(begun, ['a', 'c'])
    await assert.rejects(place.hf.cancel('b'), { code: 'RUN_ENDED' })
  })
})

test('a crash after any commit: the next process begins what is left, within the limits', async (t) => {
  const images = mkdtempSync(join(tmpdir(), 'images-'))
  t.after(() => rmSync(images, { recursive: true }))
  let underWay = 0
  let most = 0
  const flow = defineWorkflow({
    name: 'limited',
    version: 1,
    input: z.string(),
    output: z.string(),
    concurrency: { limit: 2 },
    rate: { limit: 3, per: '1m' },
    async run(ctx, input) {
      underWay += 1
      most = Math.max(most, underWay)
      await ctx.sleep('1s')
      underWay -= 1
      return input
    },
  })
  const ids = ['a', 'b', 'c', 'd', 'e']
  const place = await openPlace(t, { workflows: [flow] })
  const { clock } = place
  const recorded = recordCrashImages(place.hf, place.dir, images)
  for (const id of ids) await place.hf.start(flow, id, { id, ...(id === 'c' ? { delay: '5s' } : {}) })
  for (let i = 0; i < 6; i += 1) {
    await place.hf.idle()
    clock.advance(30_000)
    await turns()
  }
  assert.deepEqual(statuses(place, ids), Array(5).fill('completed'))
  assert.equal(most, 2)
  for (const dir of recorded) {
    underWay = 0
    most = 0
    const hf = await openHoldfast({ dir, workflows: [flow], clock })
    for (const id of ids) await hf.start(flow, id, { id })
    for (let i = 0; i < 12; i += 1) {
      await turns(5)
      clock.advance(30_000)
    }
    await hf.idle()
    for (const id of ids) assert.equal(hf.run(id).status(), 'completed', `${id} in ${dir}`)
    assert.ok(most <= 2, `${most} at once in ${dir}`)
    const admitted = [...hf.log.read()].filter(({ kind }) => kind === 'run.admitted').map(({ time }) => time)
    assertRate(admitted)
    assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
    await hf.close()
  }
})

function assertRate(times: readonly number[]): void {
  for (const at of times) {
    const within = times.filter((other) => other > at - 60_000 && other <= at).length
    assert.ok(within <= 3, `${within} in one minute`)
  }
}
