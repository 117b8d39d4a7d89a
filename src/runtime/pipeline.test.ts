/** Pipelines: bounded, awaited, on record by one commit. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { openPlace, turns } from '../apps/testing/place.ts'
import { HoldfastError } from '../kernel/errors.ts'
import { definePipeline, type Pipeline, type PipelineContext } from '../kernel/pipeline.ts'
import { type Context, defineWorkflow } from '../kernel/workflow.ts'
import { armCrashPoints } from '../ports/crash-points.ts'
import { verifyRun } from './replay/replay.ts'
import { Outside } from './testing/outside.ts'

interface Bounds {
  readonly deadline?: string
  readonly maxSteps?: number
}

function pipe(run: (ctx: PipelineContext, input: never) => Promise<unknown>, bounds: Bounds = {}): Pipeline {
  const work = run as (ctx: PipelineContext, input: unknown) => Promise<unknown>
  return definePipeline({ name: 'pipe', version: 1, input: z.any(), output: z.any(), ...bounds, run: work })
}

const five = pipe(async (ctx, input: number) => {
  let sum = input
  for (let i = 1; i <= 5; i += 1) sum = await ctx.step(`add ${i}`, () => sum + i)
  await ctx.emit({ kind: 'summed', key: 'k', data: sum })
  return sum
})

const listener = defineWorkflow({
  name: 'listener',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: async (ctx: Context) => (await ctx.waitFor('summed', { key: 'k' }))?.data,
})

describe('a pipeline', () => {
  test('is on record by one commit, with what it hands over', async (t) => {
    const { hf } = await openPlace(t, { workflows: [five, listener] })
    const waiting = await hf.start(listener, null)
    await hf.idle()
    const commits: string[][] = []
    hf.log.onCommit((events) => commits.push(events.map(({ kind }) => kind)))
    assert.equal(await hf.call(five, 1, { id: 'p' }), 16)
    const steps = Array.from({ length: 5 }, () => 'step.completed')
    assert.deepEqual(commits[0], [
      'run.started',
      ...steps,
      'publication.made',
      'run.completed',
      'event.published',
    ])
    assert.equal(await waiting.result(), 16)
    assert.equal(hf.run('p').status(), 'completed')
    assert.equal((await verifyRun(hf.log, hf.runtime.workflows, 'p')).verdict, 'same')
  })

  test('with the id of an earlier call gives its output, without doing anything', async (t) => {
    let done = 0
    const once = pipe(async (ctx) => await ctx.step('do', () => (done += 1)))
    const place = await openPlace(t, { workflows: [once] })
    const both = await Promise.all([
      place.hf.call(once, 1, { id: 'p' }),
      place.hf.call(once, 1, { id: 'p' }),
      assert.rejects(place.hf.call(once, 2, { id: 'p' }), { code: 'RUN_ID_CONFLICT' }),
    ])
    assert.deepEqual(both.slice(0, 2), [1, 1])
    const hf = await place.reopen()
    assert.equal(await hf.call(once, 1, { id: 'p' }), 1)
    await assert.rejects(hf.call(once, 2, { id: 'p' }), { code: 'RUN_ID_CONFLICT' })
    assert.equal(done, 1)
  })

  test('publishes one id once, and refuses it for something else', async (t) => {
    const twice = pipe(async (ctx, again: string) => {
      await ctx.emit({ kind: 'summed', id: 'e', data: 'once' })
      await ctx.emit({ kind: 'summed', id: 'e', data: again })
    })
    const { hf } = await openPlace(t, { workflows: [twice] })
    await hf.call(twice, 'once', { id: 'p' })
    assert.equal(hf.log.readStream('event/e').length, 1)
    assert.equal((await verifyRun(hf.log, hf.runtime.workflows, 'p')).verdict, 'same')
    const caught = pipe(async (ctx) => {
      await ctx.emit({ kind: 'summed', id: 'f', data: 1 })
      return await ctx.emit({ kind: 'summed', id: 'f', data: 2 }).catch(({ code }) => code)
    })
    const { hf: other } = await openPlace(t, { workflows: [caught] })
    assert.equal(await other.call(caught, null), 'EVENT_ID_CONFLICT')
    assert.equal(other.log.readStream('event/f').length, 1)
  })

  test('that fails is on record and hands nothing over', async (t) => {
    const failing = pipe(async (ctx) => {
      await ctx.emit({ kind: 'summed', key: 'k' })
      await ctx.step('add', () => 1)
      throw new HoldfastError('INPUT_INVALID', 'no')
    })
    const { hf } = await openPlace(t, { workflows: [failing] })
    await assert.rejects(hf.call(failing, null, { id: 'p' }), { code: 'INPUT_INVALID', message: 'no' })
    assert.deepEqual(
      [...hf.log.read()].map(({ kind }) => kind),
      ['run.started', 'step.completed', 'run.failed'],
    )
    await assert.rejects(hf.call(failing, null, { id: 'p' }), { code: 'INPUT_INVALID' })
  })

  test('that passes its deadline is stopped, and hands nothing over', async (t) => {
    let aborted = false
    const slow = pipe(
      async (ctx) => {
        await ctx.emit({ kind: 'summed', key: 'k' })
        await ctx.step('hang', async ({ signal }) => {
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted = true
              reject(new Error('stopped'))
            })
          })
        })
      },
      { deadline: '2s' },
    )
    const place = await openPlace(t, { workflows: [slow] })
    const called = place.hf.call(slow, null, { id: 'p' })
    const rejected = assert.rejects(called, {
      code: 'PIPELINE_DEADLINE',
      message: /p took longer than 2000 ms/,
    })
    await turns(10)
    place.clock.advance(1_999)
    await turns(10)
    assert.equal(aborted, false)
    place.clock.advance(1)
    await rejected
    assert.equal(aborted, true)
    assert.deepEqual(
      [...place.hf.log.read()].map(({ kind }) => kind),
      ['run.started', 'run.failed'],
    )
  })

  test('that asks for too much is stopped', async (t) => {
    const endless = pipe(
      async (ctx) => {
        for (let i = 0; ; i += 1) await ctx.step(`step ${i}`, () => i)
      },
      { maxSteps: 7 },
    )
    const { hf } = await openPlace(t, { workflows: [endless] })
    await assert.rejects(hf.call(endless, null), {
      code: 'PIPELINE_STEP_LIMIT',
      message: /"step 7" after 7 op/,
    })
    assert.equal([...hf.log.read()].filter(({ kind }) => kind === 'step.completed').length, 7)
  })

  const places: Record<string, (ctx: PipelineContext, ask: (ctx: PipelineContext) => unknown) => unknown> = {
    'its code': (ctx, ask) => ask(ctx),
    'a task': (ctx, ask) => ctx.all([() => ask(ctx)]),
    'a map': (ctx, ask) => ctx.map('m', [1], ask),
    'a graph within a map': (ctx, ask) =>
      ctx.map('m', [1], (own) => own.graph<{ a: unknown }>('g', { a: { run: ask } })),
  }
  for (const what of ['sleep', 'waitFor', 'review', 'call', 'race', 'continueAs', 'compensate'] as const) {
    for (const [place, reach] of Object.entries(places)) {
      test(`can't ${what} in ${place}`, async (t) => {
        const waiting = pipe(async (ctx) =>
          reach(ctx, (own) =>
            (own as unknown as Record<string, (...given: unknown[]) => unknown>)[what]?.('1h', {
              a: () => 1,
            }),
          ),
        )
        const { hf } = await openPlace(t, { workflows: [waiting] })
        await assert.rejects(hf.call(waiting, null), {
          code: 'PIPELINE_CANNOT_WAIT',
          message: new RegExp(what),
        })
      })
    }
  }

  test('does several things at once', async (t) => {
    const several = pipe(async (ctx) => {
      const sums = await ctx.map('sum', [1, 2], (own, item) => own.step('add', () => item + 1))
      const [one] = await ctx.all([() => ctx.step('one', () => 1)])
      const { b } = await ctx.graph<{ a: number; b: number }>('g', {
        a: { run: (own) => own.step('ten', () => 10) },
        b: { after: ['a'], run: (_, { a }) => a + one },
      })
      return [...sums, b]
    })
    const { hf } = await openPlace(t, { workflows: [several] })
    assert.deepEqual(await hf.call(several, null, { id: 'p' }), [2, 3, 11])
    assert.equal((await verifyRun(hf.log, hf.runtime.workflows, 'p')).verdict, 'same')
  })

  test('whose step fails tries it again within the deadline', async (t) => {
    const flaky = pipe(async (ctx) => {
      return await ctx.step('flaky', ({ attempt }) => {
        if (attempt < 3) throw new Error('not yet')
        return attempt
      })
    })
    const place = await openPlace(t, { workflows: [flaky] })
    const called = place.hf.call(flaky, null)
    for (let i = 0; i < 5; i += 1) {
      await turns(10)
      place.clock.next()
    }
    assert.equal(await called, 3)
  })

  test('bounds that are none are refused', () => {
    for (const bounds of [{ deadline: '0s' }, { deadline: 'soon' }, { maxSteps: 0 }, { maxSteps: 1.5 }]) {
      assert.throws(() => pipe(async () => 1, bounds), { code: 'INPUT_INVALID' })
    }
  })
})

describe('a run that a pipeline spawns', () => {
  const made: number[] = []
  const later = defineWorkflow({
    name: 'later',
    version: 1,
    input: z.number(),
    output: z.number(),
    run: async (ctx: Context, input) => {
      await ctx.sleep('1h')
      return await ctx.step('make', () => {
        made.push(input)
        return input
      })
    },
  })
  const starts = ({
    hf,
  }: {
    hf: { log: { read(): Iterable<{ kind: string; stream: string }> } }
  }): string[] => [...hf.log.read()].filter(({ kind }) => kind === 'run.started').map(({ stream }) => stream)

  test('is started by the commit that ends it, and goes on alone', async (t) => {
    const spawning = pipe((ctx) => ctx.map('each', [1, 2], (own, item) => own.spawn('later', later, item)))
    const place = await openPlace(t, { workflows: [spawning, later] })
    const commits: string[][] = []
    place.hf.log.onCommit((events) => commits.push(events.map(({ kind, stream }) => `${kind} ${stream}`)))
    const ids = await place.hf.call(spawning, null, { id: 'p' })
    assert.deepEqual(ids, ['p/each/0/later', 'p/each/1/later'])
    assert.deepEqual(commits[0], [
      'run.started run/p',
      'child.started run/p',
      'child.started run/p',
      'run.completed run/p',
      'run.started run/p/each/0/later',
      'run.started run/p/each/1/later',
    ])
    assert.deepEqual(await place.hf.call(spawning, null, { id: 'p' }), ids)
    await place.reopen()
    assert.equal(await place.outcome('p/each/1/later'), 2)
    assert.deepEqual(made.toSorted(), [1, 2])
    assert.equal((await verifyRun(place.hf.log, place.hf.runtime.workflows, 'p')).verdict, 'same')
  })

  test('is not started when it fails', async (t) => {
    const failing = pipe(async (ctx) => {
      await ctx.spawn('later', later, 1, { id: 'l' })
      throw new HoldfastError('INPUT_INVALID', 'no')
    })
    const place = await openPlace(t, { workflows: [failing, later] })
    await assert.rejects(place.hf.call(failing, null, { id: 'p' }), { code: 'INPUT_INVALID' })
    assert.deepEqual(starts(place), ['run/p'])
  })

  test('is started once when the process dies behind an effect', async (t) => {
    let started: string[] = []
    const outside = new Outside({
      onPerform: () => {
        started = starts(place)
      },
    })
    const spawning = pipe(async (ctx) => {
      await ctx.spawn('later', later, 1, { id: 'l' })
      await ctx.act('post', 'post.send', { to: 'Ada' })
      return 'posted'
    })
    const place = await openPlace(t, { workflows: [spawning, later], connectors: [outside.connector] })
    t.after(() => armCrashPoints(null))
    armCrashPoints((point) => {
      if (point === 'effect.after-send') throw new Error('the process died here')
    })
    const called = place.hf.call(spawning, null, { id: 'p' }).catch(() => {})
    await turns(20)
    armCrashPoints(null)
    assert.deepEqual(started, ['run/p'])
    const hf = await place.reopen()
    assert.equal(await hf.call(spawning, null, { id: 'p' }), 'posted')
    await called
    assert.deepEqual(starts(place), ['run/p', 'run/l'])
    assert.equal((await verifyRun(hf.log, hf.runtime.workflows, 'p')).verdict, 'same')
  })

  test('with an id that is taken is refused', async (t) => {
    const spawning = pipe(async (ctx) => await ctx.spawn('later', later, 1, { id: 'l' }))
    const { hf } = await openPlace(t, { workflows: [spawning, later] })
    await hf.start(later, 1, { id: 'l' })
    await assert.rejects(hf.call(spawning, null), { code: 'RUN_ID_CONFLICT' })
  })

  test('with an id that it has given to another is refused', async (t) => {
    const spawning = pipe(async (ctx) => {
      await ctx.spawn('one', later, 1, { id: 'l' })
      await ctx.spawn('two', later, 2, { id: 'l' })
    })
    const { hf } = await openPlace(t, { workflows: [spawning, later] })
    await assert.rejects(hf.call(spawning, null, { id: 'p' }), { code: 'RUN_ID_CONFLICT' })
    assert.equal(hf.run('p').status(), 'failed')
    assert.equal((await verifyRun(hf.log, hf.runtime.workflows, 'p')).verdict, 'same')
  })
})

describe('an effect of a pipeline', () => {
  const posting = pipe(async (ctx) => {
    await ctx.step('think', () => 1)
    await ctx.act('post', 'post.send', { to: 'Ada' })
    await ctx.emit({ kind: 'posted' })
    return 'posted'
  })

  test('has its intent on record before it is tried', async (t) => {
    let onRecord: string[] = []
    const outside = new Outside({
      onPerform: () => {
        onRecord = [...place.hf.log.read()].map(({ kind }) => kind)
      },
    })
    const place = await openPlace(t, { workflows: [posting], connectors: [outside.connector] })
    assert.equal(await place.hf.call(posting, null), 'posted')
    assert.deepEqual(onRecord, ['run.started', 'step.completed', 'policy.decided', 'effect.intended'])
    assert.equal(outside.done.length, 1)
  })

  test('is not done twice when the process dies, and the pipeline is brought to its end', async (t) => {
    const outside = new Outside()
    const place = await openPlace(t, { workflows: [posting], connectors: [outside.connector] })
    t.after(() => armCrashPoints(null))
    const dead = new Error('the process died here')
    armCrashPoints((point) => {
      if (point === 'effect.after-send') throw dead
    })
    outside.manners.push('lost')
    const called = place.hf.call(posting, null, { id: 'p' }).catch(() => {})
    await turns(20)
    armCrashPoints(null)
    const hf = await place.reopen()
    assert.equal(await hf.call(posting, null, { id: 'p' }), 'posted')
    await called
    assert.equal(outside.done.length, 1)
    assert.equal([...hf.log.read()].filter(({ kind }) => kind === 'event.published').length, 1)
    assert.equal((await verifyRun(hf.log, hf.runtime.workflows, 'p')).verdict, 'same')
  })

  test('that the policy wants reviewed is refused: a pipeline can not wait for the operator', async (t) => {
    const outside = new Outside()
    const { hf } = await openPlace(t, {
      workflows: [posting],
      connectors: [outside.connector],
      policy: {
        operations: { allow: [], deny: [], review: ['post.*'] },
        egress: { allow: [] },
        budget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: null },
      },
    })
    await assert.rejects(hf.call(posting, null), {
      code: 'POLICY_DENIED',
      message: /can't wait for your word/,
    })
    assert.equal(outside.done.length, 0)
  })
})

test('a pipeline that is cut off by closing leaves nothing behind', async (t) => {
  const slow = pipe(async (ctx) => {
    await ctx.step('one', () => 1)
    await ctx.step('hang', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
  })
  const place = await openPlace(t, { workflows: [slow] })
  const called = assert.rejects(place.hf.call(slow, null), { code: 'HOLDFAST_CLOSED' })
  await turns(10)
  const closing = place.hf.close({ graceMs: 0 })
  await turns(5)
  place.clock.advance(5_000)
  await closing
  await called
  const hf = await place.open()
  assert.equal(hf.log.head().position, 0)
})
