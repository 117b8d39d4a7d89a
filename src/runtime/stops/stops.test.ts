/** The one switch: from its moment on nothing reaches outside in any run, and nothing is lost or done twice for it. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { STOP_FILE, stopFile } from '../../adapters/system/stop-file.ts'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { definePipeline } from '../../kernel/pipeline.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { explain } from '../../observe/explain/explanation.ts'
import { defineConnector } from '../../ports/connector.ts'
import type { Model } from '../../ports/model.ts'
import { preflight, verifyRun } from '../../sdk.ts'
import { Outside, type OutsideOptions } from '../testing/outside.ts'

function flow(run: (ctx: Context) => Promise<unknown>, name = 'letter'): Workflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

const letter = flow(async (ctx) => await ctx.act('send', 'post.send', 1))
const asking = flow(
  async (ctx) =>
    (
      await ctx.decide('kind', {
        ask: 'Which?',
        material: {},
        answer: z.string(),
        rules: () => ({ answer: 'by rules', confidence: 1, reasons: [], source: 'none' }),
      })
    ).answer,
  'asking',
)

interface Post {
  readonly place: Place
  readonly outside: Outside
  readonly model: Model & { asked: number }
}

async function post(t: TestContext, options: OutsideOptions & { place?: PlaceOptions } = {}): Promise<Post> {
  const outside = new Outside(options)
  const model = {
    provider: 'test',
    model: 'test',
    host: '127.0.0.1',
    asked: 0,
    async ask() {
      model.asked += 1
      const usage = { inputTokens: 1, outputTokens: 1, priceMicros: 1, latencyMs: 1 }
      return { answer: { answer: 'by model', confidence: 1, reasons: [] }, usage }
    },
  }
  const place = await openPlace(t, {
    workflows: [letter, asking],
    connectors: [outside.connector],
    models: [model],
    ...options.place,
  })
  return { place, outside, model }
}

function stops(place: Place): string[] {
  return place.hf.log.readStream('stop').map(({ kind }) => kind)
}

const verdictsOf = (place: Place, run: string) =>
  place.bodies(run, 'policy.decided').map(({ answer, rule }) => `${answer} by ${rule}`)

describe('while work is stopped', () => {
  test('effects are held, runs park, no attempt is used up; then each is done once', async (t) => {
    const { place, outside } = await post(t)
    const stop = await place.hf.work.stop('something is odd')
    for (const id of ['a', 'b']) await place.hf.start(letter, null, { id })
    await place.hf.idle()
    assert.deepEqual([outside.calls.length, place.hf.run('a').status()], [0, 'waiting'])
    assert.deepEqual(place.kinds('a'), ['run.started', 'policy.decided', 'effect.held'])
    assert.deepEqual(verdictsOf(place, 'a'), ['deny by stop'])
    assert.match(String(place.bodies('a', 'policy.decided')[0]?.reason), /stopped .* \(something is odd\)/)
    assert.deepEqual(await place.hf.work.resume(), [stop])
    await place.hf.idle()
    assert.deepEqual([await place.outcome('a'), await place.outcome('b')], [{ receipt: 1 }, { receipt: 2 }])
    assert.deepEqual(
      place.bodies('a', 'effect.intended').map(({ attempt }) => attempt),
      [1],
    )
    assert.deepEqual(stops(place), ['work.stopped', 'work.resumed'])
    for (const id of ['a', 'b']) assert.equal((await verifyRun(place.hf, id)).verdict, 'same')
  })

  test('what the policy said of what it holds is on record before the code goes on, though that never rests', async (t) => {
    const busy = flow(async (ctx) => {
      void ctx.act('send', 'post.send', 1)
      void ctx.decide('kind', {
        ask: 'Which?',
        material: {},
        answer: z.string(),
        rules: () => ({ answer: 'by rules', confidence: 1, reasons: [], source: 'none' }),
      })
      for (const name of ['one', 'two', 'three']) await ctx.flag(name, false)
      return null
    }, 'busy')
    const { place } = await post(t, { place: { workflows: [busy] } })
    await place.hf.work.stop()
    await place.hf.start(busy, null, { id: 'r' })
    await place.outcome('r')
    assert.deepEqual(place.kinds('r').slice(0, 4), [
      'run.started',
      'policy.decided',
      'policy.decided',
      'flag.evaluated',
    ])
    assert.deepEqual((await verifyRun(place.hf, 'r')).divergence, null)
    await place.hf.work.resume()
  })

  test('no model is asked, and the rules do not decide in its place', async (t) => {
    const { place, model } = await post(t)
    await place.hf.work.stop()
    await place.hf.start(asking, null, { id: 'r' })
    await place.hf.idle()
    assert.deepEqual([model.asked, place.kinds('r').at(-1)], [0, 'decision.held'])
    await place.reopen()
    await place.hf.idle()
    assert.deepEqual([model.asked, place.hf.run('r').status()], [0, 'waiting'])
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'unfinished')
    assert.deepEqual((await preflight(place.hf)).breaks, [])
    assert.equal(explain(place.hf.log, 'r').reasons[0]?.kind, 'stop')
    await place.hf.work.resume()
    assert.equal(await place.outcome('r'), 'by model')
    assert.equal(model.asked, 1)
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'same')
  })

  test('a permit that was given before is worth nothing, and no attempt is counted', async (t) => {
    const once = flow((ctx) => ctx.act('send', 'post.send', 1, { retry: { attempts: 1 } }))
    const { place, outside } = await post(t, { place: { workflows: [once] } })
    // Between permit and outside, by whoever can write into the folder.
    const end = place.hf.log.onCommit((events) => {
      if (events.some(({ kind }) => kind === 'effect.intended')) writeFileSync(fileOf(place), '')
    })
    await place.hf.start(once, null, { id: 'r' })
    await place.hf.idle()
    end()
    assert.equal(outside.calls.length, 0)
    assert.deepEqual(verdictsOf(place, 'r'), ['allow by access.allow', 'deny by stop'])
    assert.equal(place.hf.run('r').status(), 'waiting')
    await place.hf.work.resume()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.calls.length, 1)
  })

  test('what was begun before ends as it does, and that is on record', async (t) => {
    const under = Promise.withResolvers<void>()
    const { place, outside } = await post(t, { onPerform: () => under.promise })
    await place.hf.start(letter, null, { id: 'r' })
    await turns()
    await place.hf.work.stop()
    under.resolve()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.calls.length, 1)
    await place.hf.work.resume()
  })

  test('nobody is asked what became of an effect either', async (t) => {
    const { place, outside } = await post(t)
    outside.manners.push('lost')
    const end = place.hf.log.onCommit((events) => {
      if (events.some(({ kind }) => kind === 'effect.unknown')) writeFileSync(fileOf(place), '')
    })
    await place.hf.start(letter, null, { id: 'r' })
    await place.hf.idle()
    end()
    assert.deepEqual([outside.lookups, place.kinds('r').at(-1)], [0, 'effect.held'])
    await place.reopen()
    await place.hf.idle()
    assert.equal(outside.lookups, 0)
    await place.hf.work.resume()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.done.length, outside.lookups], [1, 1])
  })

  test('an effect that waits for its breaker waits for the end of the stop as well', async (t) => {
    const { place, outside } = await post(t, { breaker: { failures: 1 } })
    outside.manners.push('unavailable')
    await place.hf.start(letter, null, { id: 'r' })
    await place.hf.idle()
    await place.pass(() => place.kinds('r').includes('effect.held'))
    await place.hf.work.stop()
    await place.pass(() => place.bodies('r', 'effect.held').length > 1)
    assert.deepEqual(
      place.bodies('r', 'effect.held').map(({ connector, by }) => connector ?? by),
      ['post', 'stop'],
    )
    await place.hf.work.resume()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })

  test('what is put on record as held when the stop has just ended is not forgotten', async (t) => {
    const { place } = await post(t)
    await place.hf.work.stop()
    const { log } = place.hf
    const append = log.append.bind(log)
    const late: typeof append = async (parts, blobs, options) => {
      const isHold = parts.some(({ events }) => events.some(({ kind }) => kind === 'effect.held'))
      if (isHold) {
        Object.assign(log, { append })
        await place.hf.work.resume()
      }
      return await append(parts, blobs, options)
    }
    Object.assign(log, { append: late })
    await place.hf.start(letter, null, { id: 'r' })
    await place.hf.idle()
    await turns()
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'completed')
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })

  test('time goes on, and runs begin', async (t) => {
    const later = flow(async (ctx) => {
      await ctx.sleep('a while', 1_000)
      return await ctx.act('send', 'post.send', 2)
    }, 'later')
    const { place, outside } = await post(t, { place: { workflows: [letter, later] } })
    await place.hf.start(later, null, { id: 'slept' })
    await place.hf.idle()
    await place.hf.work.stop()
    await place.pass()
    assert.deepEqual([place.kinds('slept').at(-1), outside.calls.length], ['effect.held', 0])
    await place.hf.work.resume()
    assert.deepEqual(await place.outcome('slept'), { receipt: 1 })
  })

  test('what is to be undone waits', async (t) => {
    const undone: string[] = []
    const books = defineConnector({
      name: 'books',
      operations: {
        enter: {
          manifest: { effect: 'reversible' },
          input: z.any(),
          output: z.any(),
          perform: async () => null,
          undo: async () => void undone.push('it'),
        },
      },
    })
    const entry = flow((ctx) => ctx.act('enter', 'books.enter', 1), 'entry')
    const { place } = await post(t, { place: { workflows: [entry], connectors: [books] } })
    await place.hf.start(entry, null, { id: 'r' })
    await place.outcome('r')
    await place.hf.work.stop()
    const { id } = await place.hf.rollback('r')
    await place.hf.idle()
    assert.deepEqual([undone, place.kinds(id).at(-1)], [[], 'undo.held'])
    await place.reopen()
    await place.hf.work.resume()
    await place.outcome(id)
    assert.deepEqual(undone, ['it'])
  })

  test('a pipeline, which can not wait, fails', async (t) => {
    const quick = definePipeline({
      name: 'quick',
      version: 1,
      input: z.any(),
      output: z.any(),
      run: (ctx) => ctx.act('send', 'post.send', 1),
    })
    const { place, outside } = await post(t, { place: { workflows: [quick] } })
    await place.hf.work.stop()
    await assert.rejects(place.hf.call(quick, null), { code: 'POLICY_DENIED' })
    assert.equal(outside.calls.length, 0)
    await place.hf.work.resume()
  })
})

describe('a stop', () => {
  test('is ordered by a file as well, by whoever can write there; to delete it lifts nothing', async (t) => {
    const { place, outside } = await post(t)
    writeFileSync(fileOf(place), '')
    await place.hf.start(letter, null, { id: 'r' })
    await place.hf.idle()
    assert.equal(outside.calls.length, 0)
    assert.deepEqual(stops(place), ['work.stopped'], 'put on record by who saw it first')
    rmSync(fileOf(place))
    await place.hf.start(letter, null, { id: 's' })
    await place.hf.idle()
    await place.reopen()
    await place.hf.idle()
    assert.equal(outside.calls.length, 0)
    assert.equal((await place.hf.work.resume()).length, 1)
    await place.outcome('r')
    await place.outcome('s')
    assert.equal(outside.done.length, 2)
  })

  test('is lifted by an order in the file too, once a process has put that on record', async (t) => {
    const { place } = await post(t)
    await place.hf.work.stop()
    const file = stopFile(place.dir)
    await file.write({ order: 'resume', id: 'r', at: 0, reason: '' })
    for (let i = 0; i < 200 && file.read() !== null; i += 1) await sleep(50)
    assert.deepEqual([file.read(), place.hf.work.current()], [null, null])
    assert.deepEqual(stops(place), ['work.stopped', 'work.resumed'])
  })

  test('is one, however often it is ordered; the next one is another', async (t) => {
    const { place } = await post(t)
    const [one, two] = [await place.hf.work.stop('a'), await place.hf.work.stop('b')]
    assert.deepEqual(one, two)
    await place.hf.work.resume()
    assert.deepEqual(await place.hf.work.resume(), [])
    assert.notEqual((await place.hf.work.stop('c')).id, one.id)
    assert.equal((await place.hf.work.resume()).length, 1)
  })

  test('holds after a crash at any place between file and log', async (t) => {
    const { place } = await post(t)
    const file = stopFile(place.dir)
    const stop = await place.hf.work.stop('before')
    const order = { order: 'stop', id: stop.id, at: stop.since, reason: 'before' } as const
    await place.hf.work.resume()
    await place.close()
    await file.write(order)
    await place.open()
    assert.deepEqual([place.hf.work.current(), file.read()], [null, null], 'lifted, and the file was left')
    await place.close()
    await file.write({ ...order, id: 'new' })
    await place.open()
    assert.equal(place.hf.work.current()?.id, 'new', 'ordered, and not on record')
    assert.deepEqual(stops(place), ['work.stopped', 'work.resumed', 'work.stopped'])
    await place.hf.work.resume()
  })

  test('ended, wakes what it held also where the process died right after that was on record', async (t) => {
    const { place, outside } = await post(t)
    await place.hf.work.stop()
    await place.hf.start(letter, null, { id: 'r' })
    await place.hf.idle()
    // Opened for looking only, nothing is woken: as if the process had died at once.
    await place.reopen({ recover: false })
    await place.hf.work.resume()
    assert.equal(outside.calls.length, 0)
    await place.reopen({ recover: true })
    await turns()
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'completed')
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  })
})

function fileOf(place: Place): string {
  return join(place.dir, STOP_FILE)
}
