/** A failed run is retried in place: it goes on where it failed, and what was done is not done again. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { type AnyWorkflow, type Context, defineWorkflow } from '../../kernel/workflow.ts'
import { explain } from '../../observe/explain/explanation.ts'
import { runStory } from '../../observe/run-story.ts'
import { preflight } from '../replay/preflight.ts'
import { verifyRun } from '../replay/replay.ts'
import { Outside } from '../testing/outside.ts'

/** What the world is like: named things that fail until they are mended. */
class World {
  readonly broken = new Set<string>()
  readonly done: string[] = []

  do(name: string): string {
    if (this.broken.has(name)) {
      throw Object.assign(new Error(`${name} is broken`), { code: 'BROKEN', retryable: false })
    }
    this.done.push(name)
    return name
  }
}

function flow(
  name: string,
  run: (ctx: Context, input: Json) => Promise<unknown>,
  more: Partial<Parameters<typeof defineWorkflow>[0]> = {},
): AnyWorkflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run, ...more } as never)
}

async function opened(
  t: TestContext,
  world: World,
  body: (ctx: Context, step: (name: string) => Promise<unknown>) => Promise<unknown>,
  more: PlaceOptions = {},
): Promise<{ place: Place; workflow: AnyWorkflow }> {
  const workflow = flow('w', (ctx) => body(ctx, (name) => ctx.step(name, () => world.do(name))))
  const place = await openPlace(t, { ...more, workflows: [workflow, ...(more.workflows ?? [])] })
  await place.hf.start(workflow, null, { id: 'r' })
  await place.hf.idle()
  return { place, workflow }
}

async function verdict(place: Place, run = 'r'): Promise<string> {
  const { verdict, divergence } = await verifyRun(place.hf.log, place.hf.runtime.workflows, run)
  return divergence === null ? verdict : divergence.explanation
}

const coded = (code: string) => (error: unknown) => error instanceof HoldfastError && error.code === code

describe('a retried run', () => {
  test('goes on where it failed: what was done before is not done again', async (t) => {
    const world = new World()
    world.broken.add('b')
    const { place } = await opened(t, world, async (_, step) => [
      await step('a'),
      await step('b'),
      await step('c'),
    ])
    await assert.rejects(place.outcome('r'), coded('BROKEN'))
    world.broken.clear()
    const retried = await place.hf.deadLetters.retry('r')
    assert.deepEqual(retried, { run: 'r', from: 'b', again: ['b'], children: [] })
    assert.deepEqual(await place.outcome('r'), ['a', 'b', 'c'])
    assert.deepEqual(world.done, ['a', 'b', 'c'])
    assert.equal(await verdict(place), 'same')
    const story = runStory(place.hf.log, 'r')
    assert.equal(story.status, 'completed')
    assert.equal(story.error, null)
  })

  test('a failure that its code has handled stays handled', async (t) => {
    const world = new World()
    world.broken.add('a').add('c')
    const { place } = await opened(t, world, async (_, step) => {
      await step('a').catch(() => step('b'))
      return await step('c')
    })
    world.broken.clear()
    assert.deepEqual((await place.hf.deadLetters.retry('r')).again, ['c'])
    assert.equal(await place.outcome('r'), 'c')
    assert.deepEqual(world.done, ['b', 'c'])
    assert.equal(await verdict(place), 'same')
  })

  test('what failed beside it is done again as well, and what was given up is asked for anew', async (t) => {
    const world = new World()
    world.broken.add('a').add('b')
    const { place } = await opened(t, world, async (ctx) =>
      ctx.graph('both', {
        a: { run: (own: Context) => own.step('do', () => world.do('a')) },
        b: { run: (own: Context) => own.step('do', () => world.do('b')) },
        wait: { run: (own: Context) => own.waitFor('news', { timeout: '1d' }) },
      }),
    )
    await assert.rejects(place.outcome('r'))
    world.broken.clear()
    await place.hf.deadLetters.retry('r')
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'waiting')
    assert.equal(await verdict(place), 'unfinished')
    await place.hf.emit({ kind: 'news', data: 1 })
    const { a, b, wait } = (await place.outcome('r')) as Record<string, { data?: number }>
    assert.deepEqual([a, b, wait?.data], ['a', 'b', 1])
    assert.equal(await verdict(place), 'same')
    const [graph] = runStory(place.hf.log, 'r').graphs
    assert.deepEqual(
      graph?.nodes.map(({ state }) => state),
      ['done', 'done', 'done'],
    )
  })

  test('what the code did after the failure, and does not ask for again, is no divergence', async (t) => {
    const world = new World()
    world.broken.add('a')
    const { place } = await opened(t, world, async (ctx, step) => {
      await step('before')
      try {
        return await step('a')
      } catch (error) {
        await ctx.emit({ kind: 'failed', data: 1 })
        await step('told')
        throw error
      }
    })
    await place.hf.deadLetters.retry('r')
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'failed', 'it is still broken')
    assert.deepEqual(world.done, ['before', 'told'], 'that it failed is told once')
    const told = [...place.hf.log.read()].filter(
      ({ kind, body }) => kind === 'event.published' && body?.kind === 'failed',
    )
    assert.equal(told.length, 1)
    assert.equal(await verdict(place), 'same')
    world.broken.clear()
    await place.hf.deadLetters.retry('r')
    assert.equal(await place.outcome('r'), 'a')
    assert.equal(await verdict(place), 'same')
  })

  test('code that threw by itself runs on in its mended form', async (t) => {
    const world = new World()
    let isMended = false
    const { place } = await opened(t, world, async (_, step) => {
      await step('a')
      if (!isMended) throw new Error('a slip')
      return await step('b')
    })
    isMended = true
    assert.deepEqual(await place.hf.deadLetters.retry('r'), { run: 'r', from: null, again: [], children: [] })
    assert.equal(await place.outcome('r'), 'b')
    assert.deepEqual(world.done, ['a', 'b'])
  })

  test('from a named step on, all that was settled since is done again', async (t) => {
    const world = new World()
    world.broken.add('c')
    const { place } = await opened(t, world, async (ctx, step) => {
      const first = await step('a')
      const second = await step('b')
      await ctx.sleep('rest', '1h')
      return [first, second, ctx.random('dice') > 2, await step('c')]
    })
    await assert.rejects(place.outcome('r'))
    world.broken.clear()
    const { again } = await place.hf.deadLetters.retry('r', { from: 'b' })
    assert.deepEqual(again, ['b', 'rest', 'c'])
    assert.deepEqual(await place.outcome('r'), ['a', 'b', false, 'c'])
    assert.deepEqual(world.done, ['a', 'b', 'b', 'c'])
    assert.equal(await verdict(place), 'same')
  })
})

describe('what a retried run waited for', () => {
  test('comes back: timers with the time they had, waits with what came meanwhile, reviews as they were', async (t) => {
    const world = new World()
    const { place } = await opened(t, world, async (ctx, step) => {
      const asked = ctx.review('ok?', {
        action: 'x',
        summary: 's',
        reason: '',
        confidence: 1,
        proposal: { n: 1 },
      })
      const slept = ctx.sleep('rest', '2h')
      const heard = ctx.waitFor('news', { key: 'k', timeout: '1d' })
      const [own] = await Promise.all([ctx.sleep('first', '1h').then(() => step('a')), asked, slept, heard])
      return [own, (await asked).verdict, (await heard)?.data]
    })
    world.broken.add('a')
    await place.pass(() => place.hf.run('r').status() === 'failed')
    const [review] = place.bodies('r', 'review.requested')
    assert.deepEqual(place.hf.reviews(), [])
    await place.hf.emit({ kind: 'news', key: 'k', data: 7 })
    world.broken.clear()
    await place.hf.deadLetters.retry('r')
    await place.hf.idle()
    assert.deepEqual(
      place.hf.reviews().map(({ id }) => id),
      [review?.review],
      'the same question',
    )
    assert.equal(await verdict(place), 'unfinished')
    const timers = place.hf.log.tables.all<{ name: string }>('SELECT name, at FROM runs_timers')
    const rest = place.bodies('r', 'timer.set').find(({ name }) => name === 'rest')
    assert.deepEqual(
      timers.map((row) => ({ ...row })),
      [{ name: 'rest', at: rest?.at }],
    )
    await place.hf.answer(String(review?.review), { verdict: 'approved' })
    await place.reopen()
    assert.deepEqual(await place.outcome('r'), ['a', 'approved', 7])
    assert.equal(await verdict(place), 'same')
  })

  test('a review that is asked again has an id of its own', async (t) => {
    const world = new World()
    world.broken.add('b')
    const { place } = await opened(t, world, async (ctx, step) => {
      await step('a')
      await ctx.review('ok?', { action: 'x', summary: 's', reason: '', confidence: 1, proposal: { n: 1 } })
      return await step('b')
    })
    const answered: string[] = []
    for (let time = 0; time < 3; time += 1) {
      const [review] = place.hf.reviews()
      assert.ok(review)
      answered.push(review.id)
      if (time === 2) world.broken.clear()
      await place.hf.answer(review.id, { verdict: 'approved' })
      await place.hf.idle()
      if (time < 2) await place.hf.deadLetters.retry('r', { from: 'a' })
      await place.hf.idle()
    }
    assert.equal(new Set(answered).size, 3)
    assert.equal(await place.outcome('r'), 'b')
    assert.equal(await verdict(place), 'same')
  })

  test('its limits hold: it waits for its place in the queue', async (t) => {
    const world = new World()
    world.broken.add('a')
    const limited = flow(
      'limited',
      async (ctx) => {
        await ctx.step('a', () => world.do('a'))
        await ctx.waitFor('go', { key: ctx.run.id })
      },
      { concurrency: { limit: 1 } },
    )
    const place = await openPlace(t, { workflows: [limited] })
    await place.hf.start(limited, null, { id: 'r' })
    await place.hf.idle()
    world.broken.clear()
    await place.hf.start(limited, null, { id: 's' })
    await place.hf.idle()
    await place.hf.deadLetters.retry('r')
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'queued')
    assert.match(explain(place.hf.log, 'r').summary, /reopened/)
    assert.equal((await preflight(place.hf)).broken, 0)
    await place.hf.emit({ kind: 'go', key: 'r' })
    await place.reopen()
    await place.hf.emit({ kind: 'go', key: 's' })
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'completed', 'it was given what came while it was queued')
    assert.equal(await verdict(place), 'same')
    await place.hf.start(limited, null, { id: 'u' })
    await place.hf.idle()
    assert.equal(place.hf.run('u').status(), 'waiting', 'its place is free again')
  })
})

describe('an effect of a retried run', () => {
  const send = (ctx: Context, input: Json = 1) => ctx.act('send', 'post.send', input)

  test('that was refused is attempted again, with its key and with all its attempts', async (t) => {
    const outside = new Outside()
    outside.manners.push('refuse', ...Array<'unavailable'>(9).fill('unavailable'))
    const { place } = await opened(t, new World(), (ctx) => send(ctx), { connectors: [outside.connector] })
    await assert.rejects(place.outcome('r'), coded('CONNECTOR_REFUSED'))
    await place.hf.deadLetters.retry('r')
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(new Set(outside.calls.map(({ key }) => key)).size, 1)
    assert.deepEqual(
      outside.calls.map(({ attempt }) => attempt),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    )
    assert.equal(outside.lookups, 0, 'it is certain that it was not done')
    assert.equal(await verdict(place), 'same')
  })

  test('that may have been done is looked up first', async (t) => {
    const outside = new Outside({ lookup: 'unknown' })
    outside.manners.push('lost')
    const { place } = await opened(t, new World(), (ctx) => send(ctx), { connectors: [outside.connector] })
    const [question] = place.hf.reviews()
    await place.hf.answer(question?.id ?? '', { verdict: 'responded', instruction: 'leave it' })
    await assert.rejects(place.outcome('r'), coded('EFFECT_ABANDONED'))
    outside.lookup = 'truth'
    await place.hf.deadLetters.retry('r')
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.equal(outside.done.length, 1)
    assert.equal(await verdict(place), 'same')
  })

  test('that may have been done, and of which nobody can tell, is asked about anew', async (t) => {
    const outside = new Outside({ lookup: 'unknown' })
    outside.manners.push('lost')
    const { place } = await opened(t, new World(), (ctx) => send(ctx), { connectors: [outside.connector] })
    const [first] = place.hf.reviews()
    await place.hf.answer(first?.id ?? '', { verdict: 'responded' })
    await place.hf.idle()
    await place.hf.deadLetters.retry('r')
    await place.hf.idle()
    const [second] = place.hf.reviews()
    assert.notEqual(second?.id, first?.id)
    await place.hf.answer(second?.id ?? '', { verdict: 'approved' })
    assert.deepEqual(await place.outcome('r'), { receipt: 0 })
    assert.equal(outside.calls.length, 1)
    assert.equal(await verdict(place), 'same')
  })

  test('that was done is kept, and its outcome handed over', async (t) => {
    const world = new World()
    world.broken.add('b')
    const outside = new Outside()
    const body = async (ctx: Context, step: (name: string) => Promise<unknown>) => {
      await step('a')
      return [await send(ctx), await step('b')]
    }
    const { place } = await opened(t, world, body, { connectors: [outside.connector] })
    world.broken.clear()
    await assert.rejects(place.hf.deadLetters.retry('r', { from: 'send' }), coded('RETRY_REPEATS'))
    await place.hf.deadLetters.retry('r', { from: 'a' })
    assert.deepEqual(await place.outcome('r'), [{ receipt: 1 }, 'b'])
    assert.deepEqual(world.done, ['a', 'a', 'b'])
    assert.equal(outside.calls.length, 1)
    assert.equal(await verdict(place), 'same')
  })

  test('that was done, and is now wanted with another input, fails instead of being done twice', async (t) => {
    const world = new World()
    world.broken.add('b')
    const outside = new Outside()
    let price = 1
    const body = async (ctx: Context, step: (name: string) => Promise<unknown>) => {
      const input = await ctx.step('price', () => price)
      return [await send(ctx, input), await step('b')]
    }
    const { place } = await opened(t, world, body, { connectors: [outside.connector] })
    world.broken.clear()
    price = 2
    await place.hf.deadLetters.retry('r', { from: 'price' })
    await assert.rejects(place.outcome('r'), coded('RETRY_CHANGED'))
    assert.equal(outside.calls.length, 1)
    assert.equal(await verdict(place), 'same')
    price = 1
    await place.hf.deadLetters.retry('r', { from: 'price' })
    assert.deepEqual(await place.outcome('r'), [{ receipt: 1 }, 'b'])
    assert.equal(await verdict(place), 'same')
  })
})

describe('children', () => {
  function family(world: World): { parent: AnyWorkflow; child: AnyWorkflow; bystander: AnyWorkflow } {
    const child = flow('child', async (ctx) => {
      await ctx.step('c1', () => world.do('c1'))
      return await ctx.step('c2', () => world.do('c2'))
    })
    const bystander = flow('bystander', async (ctx) => {
      await ctx.step('b1', () => world.do('b1'))
      return (await ctx.waitFor('news', { key: 'b' }))?.data ?? null
    })
    const parent = flow('parent', (ctx) =>
      Promise.all([ctx.call('child', child, null), ctx.call('bystander', bystander, null)]),
    )
    return { parent, child, bystander }
  }

  test('go on with their parent: the one that failed, and the one that was cancelled with it', async (t) => {
    const world = new World()
    world.broken.add('c2')
    const { parent, child, bystander } = family(world)
    const place = await openPlace(t, { workflows: [parent, child, bystander] })
    await place.hf.start(parent, null, { id: 'r' })
    await place.hf.idle()
    assert.equal(place.hf.run('r/bystander').status(), 'cancelled')
    const list = place.hf.deadLetters.list()
    assert.deepEqual(
      list.runs.map(({ run }) => run),
      ['r'],
    )
    await assert.rejects(place.hf.deadLetters.retry('r/child'), coded('RUN_FAILURE_TAKEN'))
    await assert.rejects(place.hf.deadLetters.retry('r/bystander'), coded('RUN_NOT_FAILED'))
    world.broken.clear()
    const retried = await place.hf.deadLetters.retry('r')
    assert.deepEqual(retried.children, ['r/child', 'r/bystander'])
    await place.hf.idle()
    await place.hf.emit({ kind: 'news', key: 'b', data: 5 })
    assert.deepEqual(await place.outcome('r'), ['c2', 5])
    assert.deepEqual(world.done.toSorted(), ['b1', 'c1', 'c2'])
    for (const run of ['r', 'r/child', 'r/bystander']) assert.equal(await verdict(place, run), 'same')
  })

  test('that are just being cancelled with their parent come back with it', async (t) => {
    const world = new World()
    world.broken.add('c2')
    const { parent, child, bystander } = family(world)
    const place = await openPlace(t, { workflows: [parent, child, bystander] })
    const atOnce = new Promise<void>((resolve, reject) => {
      const stop = place.hf.log.onCommit((events) => {
        if (!events.some(({ kind, stream }) => kind === 'run.failed' && stream === 'run/r')) return
        stop()
        world.broken.clear()
        place.hf.deadLetters.retry('r').then(() => resolve(), reject)
      })
    })
    await place.hf.start(parent, null, { id: 'r' })
    await atOnce
    await place.hf.idle()
    assert.equal(place.hf.run('r/bystander').status(), 'waiting')
    await place.hf.emit({ kind: 'news', key: 'b', data: 5 })
    assert.deepEqual(await place.outcome('r'), ['c2', 5])
  })

  test('that the operator cancelled does not come back', async (t) => {
    const { parent, child, bystander } = family(new World())
    const place = await openPlace(t, { workflows: [parent, child, bystander] })
    await place.hf.start(parent, null, { id: 'r' })
    await place.hf.idle()
    await place.hf.cancel('r/bystander')
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'failed')
    await assert.rejects(place.hf.deadLetters.retry('r'), coded('RETRY_REPEATS'))
  })
})

describe('what is refused', () => {
  test('runs that are under way, or ended otherwise', async (t) => {
    const { place } = await opened(t, new World(), (ctx) => ctx.waitFor('x', { key: ctx.run.id }))
    const { retry, discard } = {
      retry: (run: string) => place.hf.deadLetters.retry(run),
      discard: (run: string) => place.hf.deadLetters.discard(run, ''),
    }
    for (const act of [retry, discard]) {
      await assert.rejects(act('nobody'), coded('RUN_NOT_FOUND'))
      await assert.rejects(act('r'), coded('RUN_UNDER_WAY'))
    }
    await place.hf.cancel('r')
    for (const act of [retry, discard]) await assert.rejects(act('r'), coded('RUN_NOT_FAILED'))
  })

  test('a run that is rolled back; and a rollback of one that goes on', async (t) => {
    const world = new World()
    world.broken.add('b')
    const outside = new Outside()
    const body = async (ctx: Context, step: (name: string) => Promise<unknown>) => {
      await ctx.act('send', 'post.send', 1)
      return await step('b')
    }
    const { place, workflow } = await opened(t, world, body, { connectors: [outside.connector] })
    const { deadLetters } = place.hf
    for (let lead = 0; lead < 12; lead += 1) {
      const run = `r${lead}`
      await place.hf.start(workflow, null, { id: run })
      await place.hf.idle()
      // Whoever comes first to the log, the other one is refused.
      const later = async (): Promise<unknown> => {
        for (let i = 0; i < lead; i += 1) await Promise.resolve()
        return await place.hf.rollback(run)
      }
      const both = await Promise.allSettled([deadLetters.retry(run), later()])
      assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'], `${lead}`)
      await place.hf.idle()
    }
    await place.hf.rollback('r')
    await assert.rejects(deadLetters.retry('r'), coded('RUN_ROLLED_BACK'))
    await place.hf.idle()
    for (const { id } of place.hf.reviews()) await place.hf.answer(id, { verdict: 'approved' })
    await place.hf.idle()
  })

  test('twice at once is reopened once', async (t) => {
    const world = new World()
    world.broken.add('a')
    const { place } = await opened(t, world, (_, step) => step('a'))
    const both = await Promise.allSettled([place.hf.deadLetters.retry('r'), place.hf.deadLetters.retry('r')])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal(place.kinds('r').filter((kind) => kind === 'run.reopened').length, 1)
  })
})
