/** `ctx.continueAs`: runs without an end, as a chain of short ones. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { codeOf, flow, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import { openPlace } from '../../apps/testing/place.ts'
import { type Context, defineWorkflow } from '../../kernel/workflow.ts'

/** Counts down, a run for each number. */
const countdown = async (ctx: Context, given: unknown): Promise<unknown> => {
  const left = Number(given)
  await ctx.step('work', () => left)
  if (left > 0) return await ctx.continueAs(left - 1)
  return `done as ${ctx.run.id}`
}

describe('a continued run', () => {
  test('goes on as the next one, and its result is that of the last', async (t) => {
    const { output, place } = await runToEnd(t, countdown, { input: 3 })
    assert.equal(output, 'done as r~4')
    assert.deepEqual(
      ['r', 'r~2', 'r~3', 'r~4'].map((run) => place.hf.run(run).status()),
      ['continued', 'continued', 'continued', 'completed'],
    )
    assert.deepEqual(place.kinds('r'), ['run.started', 'step.completed', 'run.continued'])
    assert.deepEqual(place.bodies('r', 'run.continued'), [{ next: 'r~2', input: 2 }])
    const [started] = place.bodies('r~3', 'run.started')
    assert.deepEqual([started?.continued, started?.chain], ['r~2', { first: 'r', link: 3 }])
    assert.equal(await place.hf.run('r~2').result(), 'done as r~4')
    assert.equal(await verdict(place, 'r'), 'same')
    assert.equal(await verdict(place, 'r~4'), 'same')
  })

  test('whoever waits for the first gets the end of the last, waiting or calling', async (t) => {
    const child = flow(countdown, 'child')
    const { output, place } = await runToEnd(t, (ctx) => ctx.call('below', child, 2), { others: [child] })
    assert.equal(output, 'done as r/below~3')
    const { hf } = place
    const run = await hf.start(child, 5, { id: 's' })
    assert.equal(await run.result(), 'done as s~6')
  })

  test('an input that does not fit is refused, and the run goes on', async (t) => {
    const strict = defineWorkflow({
      name: 'strict',
      version: 1,
      input: z.int(),
      output: z.any(),
      run: async (ctx) => await ctx.continueAs('text').catch(codeOf),
    })
    const place = await openPlace(t, { workflows: [strict] })
    await place.hf.start(strict, 1, { id: 'r' })
    assert.equal(await place.outcome('r'), 'INPUT_INVALID')
    assert.equal(await verdict(place), 'same')
  })

  test('to cancel any run of it is to cancel the last, with its children', async (t) => {
    const sleeper = flow((ctx) => ctx.sleep('1d'), 'sleeper')
    const endless = flow(async (ctx, link: number) => {
      if (link === 1) await ctx.spawn('bound', sleeper, null, { onParentClose: 'cancel' })
      if (link < 3) return await ctx.continueAs(link + 1)
      return await ctx.call('called', sleeper, null)
    })
    const place = await openPlace(t, { workflows: [endless, sleeper] })
    await place.hf.start(endless, 1, { id: 'r' })
    await place.hf.idle()
    assert.equal(place.hf.run('r/bound').status(), 'waiting', 'it is bound to the whole chain')
    await place.hf.cancel('r')
    await place.hf.idle()
    const runs = ['r', 'r~2', 'r~3', 'r/bound', 'r~3/called']
    assert.deepEqual(
      runs.map((run) => place.hf.run(run).status()),
      ['continued', 'continued', 'cancelled', 'cancelled', 'cancelled'],
    )
    await assert.rejects(place.hf.run('r').result(), { code: 'RUN_CANCELLED' })
  })

  test('a called child that it leaves behind is cancelled, unless abandoned', async (t) => {
    const sleeper = flow((ctx) => ctx.sleep('1d'), 'sleeper')
    const leaves = flow(async (ctx, link: number) => {
      void ctx.call('called', sleeper, null)
      void ctx.call('left', sleeper, null, { onParentClose: 'abandon' })
      await ctx.sleep('1h')
      return link < 2 ? await ctx.continueAs(link + 1) : 'end'
    })
    const place = await openPlace(t, { workflows: [leaves, sleeper] })
    await place.hf.start(leaves, 2, { id: 's' })
    await place.hf.start(leaves, 1, { id: 'r' })
    await place.pass(() => place.hf.run('r').status() === 'continued')
    await place.hf.idle()
    assert.deepEqual(
      ['r/called', 'r/left'].map((run) => place.hf.run(run).status()),
      ['cancelled', 'waiting'],
    )
  })

  test('takes the newest version of its workflow', async (t) => {
    const version = (n: number) =>
      defineWorkflow({
        name: 'versioned',
        version: n,
        input: z.any(),
        output: z.any(),
        run: async (ctx, go: boolean) => (go ? await ctx.continueAs(false) : n),
      })
    const place = await openPlace(t, { workflows: [version(1), version(2)] })
    await place.hf.start(version(1), true, { id: 'r' })
    assert.equal(await place.outcome('r'), 2)
  })
})

describe('events at the switch', () => {
  /** Takes one event a run, into the list that it hands on. */
  const collector = flow(async (ctx, heard: readonly number[]) => {
    const event = await ctx.waitFor('said')
    const all = [...heard, Number(event?.data)]
    return all.length < 4 ? await ctx.continueAs(all) : all
  })

  test('none is lost and none is received twice, whenever they come', async (t) => {
    for (const together of [true, false]) {
      const place = await openPlace(t, { workflows: [collector], residentRuns: 0 })
      await place.hf.start(collector, [], { id: 'r' })
      for (const data of [1, 2, 3, 4]) {
        const emitted = place.hf.emit({ kind: 'said', data })
        if (!together) await emitted
        if (data === 2 && !together) await place.reopen()
      }
      assert.deepEqual(await place.outcome('r'), [1, 2, 3, 4])
    }
  })

  test('one that a wait had received, but that was not handed over, is there for the next run', async (t) => {
    const workflow = flow(async (ctx, link: number) => {
      const said = ctx.waitFor('said', { timeout: '1h' })
      if (link === 2) return (await said)?.data ?? null
      await ctx.waitFor('go')
      return await ctx.continueAs(2)
    })
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, 1, { id: 'r' })
    await place.hf.idle()
    await Promise.all([place.hf.emit({ kind: 'go' }), place.hf.emit({ kind: 'said', data: 7 })])
    assert.equal(await place.outcome('r'), 7)
  })
})

test('a crash before the switch, or right behind it, costs nothing', async (t) => {
  const workflow = flow(countdown)
  const place = await openPlace(t, { workflows: [workflow] })
  const isSpoiled = place.spoil('r', (events) => events.some(({ kind }) => kind === 'run.continued'))
  await place.hf.start(workflow, 1, { id: 'r' })
  await place.pass(() => place.hf.run('r').status() === 'continued')
  assert.ok(isSpoiled())
  await place.reopen()
  assert.equal(await place.outcome('r'), 'done as r~2')
  assert.deepEqual(place.bodies('r', 'step.completed').length, 1)
})

test('thousands of links: what each has on record stays as small as at first', async (t) => {
  const links = 2_000
  const workflow = flow(async (ctx, left: number) => {
    await ctx.emit({ kind: 'tick' })
    await ctx.waitFor('tick')
    return left > 0 ? await ctx.continueAs(left - 1) : 'end'
  })
  const place = await openPlace(t, { workflows: [workflow] })
  const run = await place.hf.start(workflow, links, { id: 'r' })
  assert.equal(await run.result(), 'end')
  const size = (id: string): number => JSON.stringify(place.events(id).map(({ body }) => body)).length
  assert.equal(place.events(`r~${links}`).length, place.events('r~2').length)
  assert.ok(size(`r~${links}`) < size('r~2') + 50)
})
