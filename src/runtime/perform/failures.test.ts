/** What goes wrong around a run never ends it: it starts over from its journal, or waits for a person. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, type PlaceOptions, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { NewEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { cancelRun } from '../life/family.ts'
import { Outside } from '../testing/outside.ts'

function flow(run: (ctx: Context, input: unknown) => Promise<unknown>, name = 'flow', version = 1): Workflow {
  return defineWorkflow({ name, version, input: z.any(), output: z.any(), run })
}

const proposal = { action: 'x', summary: 'x', reason: 'x', confidence: 1, proposal: {} }

const has =
  (kind: string) =>
  (events: readonly NewEvent[]): boolean =>
    events.some((event) => event.kind === kind)

describe('a full disk', () => {
  test('refuses what it can not keep, and keeps what it acknowledged', async (t) => {
    const big = 'x'.repeat(100_000)
    const workflow = flow(async (_, input) => input)
    const place = await openPlace(t, { workflows: [workflow] })
    const { hf } = place
    await hf.emit({ kind: 'kept', id: 'e-1' })
    hf.log.tables.get('PRAGMA max_page_count = 1')
    await assert.rejects(hf.emit({ kind: 'lost', data: big }), { code: 'LOG_WRITE_FAILED' })
    await assert.rejects(hf.start(workflow, big, { id: 'r' }), { code: 'LOG_WRITE_FAILED' })
    hf.log.tables.get('PRAGMA max_page_count = 1000000')
    await hf.start(workflow, big, { id: 'r' })
    assert.equal(await place.outcome('r'), big)
    assert.equal(hf.log.versionOf('event/e-1'), 1)
  })

  test('a run goes on when there is room again, and what is on record is not repeated', async (t) => {
    const calls = { first: 0, second: 0 }
    const workflow = flow(async (ctx) => {
      await ctx.step('first', () => {
        calls.first += 1
      })
      return await ctx.step('second', () => {
        calls.second += 1
        return 'done'
      })
    })
    const place = await openPlace(t, { workflows: [workflow] })
    const isSpoiled = place.spoil('r', (events) => events[0]?.body.name === 'second')
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    assert.deepEqual([isSpoiled(), place.hf.run('r').status()], [true, 'running'])
    assert.equal(await place.outcome('r'), 'done')
    assert.deepEqual(calls, { first: 1, second: 2 })
  })

  test('an effect whose outcome could not be put on record is looked up, not repeated', async (t) => {
    const outside = new Outside()
    const workflow = flow(async (ctx) => ctx.act('send', 'post.send', 1))
    const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
    const isSpoiled = place.spoil('r', has('effect.succeeded'))
    await place.hf.start(workflow, null, { id: 'r' })
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.ok(isSpoiled())
    assert.ok(place.kinds('r').includes('effect.unknown'))
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 1])
  })

  test('a second attempt never runs beside the first', async (t) => {
    const asked = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const outside = new Outside({
      onPerform: () => {
        asked.resolve()
        return release.promise
      },
    })
    const workflow = flow(async (ctx) => {
      const sent = ctx.act('send', 'post.send', 1)
      await ctx.step('meanwhile', () => asked.promise)
      return await sent
    })
    const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
    const isSpoiled = place.spoil('r', has('step.completed'))
    await place.hf.start(workflow, null, { id: 'r' })
    await turns()
    place.clock.advance(1_000)
    await turns()
    place.clock.advance(1_000)
    await turns()
    assert.deepEqual(
      [isSpoiled(), outside.lookups],
      [true, 0],
      'while its effect is under way, it stays away',
    )
    release.resolve()
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.done.length, outside.lookups], [1, 1])
  })

  test('an effect is not begun by an execution that was lost meanwhile', async (t) => {
    const outside = new Outside()
    const workflow = flow(async (ctx) => {
      const sent = ctx.act('send', 'post.send', 1)
      await ctx.step('meanwhile', async () => 1)
      return await sent
    })
    const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
    const isSpoiled = place.spoil('r', has('step.completed'))
    await place.hf.start(workflow, null, { id: 'r' })
    await turns()
    assert.deepEqual([isSpoiled(), outside.calls.length], [true, 0])
    assert.deepEqual(await place.outcome('r'), { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 1])
  })

  for (const what of ['event', 'timer', 'child', 'answer', 'cancel'] as const) {
    test(`the ${what} that a run waits for is not lost with the write of it`, async (t) => {
      const child = flow(async (ctx) => await ctx.waitFor('child may end'), 'child')
      const workflow = flow(async (ctx) => {
        if (what === 'event') return [(await ctx.waitFor('go'))?.data, (await ctx.waitFor('go'))?.data]
        if (what === 'timer') return await ctx.sleep('1h')
        if (what === 'child') return await ctx.call('child', child, null)
        return (await ctx.review('ok', proposal)).verdict
      })
      const place = await openPlace(t, { workflows: [workflow, child] })
      const { hf } = place
      await hf.start(workflow, null, { id: 'r' })
      await hf.idle()
      const isSpoiled = place.spoil('r', () => true)
      const id = hf.reviews()[0]?.id ?? ''
      if (what === 'event') await Promise.all([1, 2].map((data) => hf.emit({ kind: 'go', data })))
      if (what === 'timer') place.clock.advance(3_600_000)
      if (what === 'child') await hf.emit({ kind: 'child may end' })
      if (what === 'answer') {
        await assert.rejects(hf.answer(id, { verdict: 'approved' }), { code: 'LOG_WRITE_FAILED' })
        await hf.answer(id, { verdict: 'approved' })
      }
      if (what === 'cancel') {
        await assert.rejects(hf.cancel('r'), { code: 'LOG_WRITE_FAILED' })
        await hf.cancel('r')
        await assert.rejects(place.outcome('r'), { code: 'RUN_CANCELLED' })
      } else if (what === 'event') assert.deepEqual(await place.outcome('r'), [1, 2])
      else await place.outcome('r')
      assert.ok(isSpoiled())
    })
  }
})

/** Starts run `r` with the first code, and lets it come to rest. */
async function begun(t: TestContext, first: Workflow, options: PlaceOptions = {}): Promise<Place> {
  const place = await openPlace(t, { workflows: [first], ...options })
  await place.hf.start(first, null, { id: 'r' })
  await place.hf.idle()
  return place
}

function whyStalled(place: Place): unknown {
  return (place.bodies('r', 'run.stalled').at(-1)?.error as JsonObject | undefined)?.code
}

describe('a stalled run', () => {
  const napper = flow(async (ctx) => {
    await ctx.sleep('nap', '1h')
    return await ctx.step('next', () => 'done')
  })

  test('whose workflow is missing goes on when it is registered again', async (t) => {
    const place = await begun(t, napper)
    await place.reopen({ workflows: [] })
    await place.pass(() => place.hf.run('r').status() === 'stalled')
    assert.equal(whyStalled(place), 'WORKFLOW_UNKNOWN')
    for (let i = 0; i < 3; i += 1) await place.reopen()
    assert.equal(place.bodies('r', 'run.stalled').length, 1, 'it is said once')
    await place.reopen({ workflows: [napper] })
    assert.equal(await place.outcome('r'), 'done')
  })

  test('goes on with the version it began with, though there is a newer one', async (t) => {
    const newer = flow(async () => 'newer', 'flow', 2)
    const place = await begun(t, napper)
    await place.reopen({ workflows: [newer] })
    await place.pass(() => place.hf.run('r').status() === 'stalled')
    await place.reopen({ workflows: [newer, napper] })
    assert.equal(await place.outcome('r'), 'done')
  })

  test('whose code asks for something else goes on when it is as before', async (t) => {
    const other = flow(async (ctx) => {
      await ctx.step('nap', () => 1)
      return 'wrong'
    })
    const place = await begun(t, napper)
    await place.reopen({ workflows: [other] })
    await place.pass(() => place.hf.run('r').status() === 'stalled')
    assert.equal(whyStalled(place), 'JOURNAL_DIVERGED')
    await place.reopen()
    assert.equal(place.bodies('r', 'run.stalled').length, 1)
    await place.reopen({ workflows: [napper] })
    assert.equal(await place.outcome('r'), 'done')
  })

  test('is running again once it does something, and waiting once it waits', async (t) => {
    const release = Promise.withResolvers<void>()
    const twice = flow(async (ctx) => {
      await ctx.sleep('nap', '1h')
      await ctx.step('quick', () => 1)
      await ctx.step('slow', () => release.promise)
      await ctx.sleep('nap', '1h')
    })
    const place = await begun(t, twice)
    await place.reopen({ workflows: [] })
    await place.pass(() => place.hf.run('r').status() === 'stalled')
    await place.reopen({ workflows: [twice] })
    await turns()
    assert.equal(place.hf.run('r').status(), 'running')
    release.resolve()
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'waiting')
    await place.outcome('r')
  })

  test('is tried again by itself where a person may mend it meanwhile', async (t) => {
    let broken = true
    const workflow = flow(async (ctx) =>
      ctx.decide('pick', {
        ask: 'Which?',
        material: {},
        answer: z.string(),
        rules: () => {
          if (broken) throw new HoldfastError('PLAYBOOK_INVALID', 'the book can not be read')
          return { answer: 'this', confidence: 1, reasons: [], source: 'book' }
        },
      }),
    )
    const place = await begun(t, workflow)
    assert.equal(place.hf.run('r').status(), 'stalled')
    for (let i = 0; i < 5; i += 1) {
      place.clock.advance(1)
      place.hf.runtime.wake('r')
      await place.hf.idle()
      place.clock.next()
      await place.hf.idle()
    }
    assert.equal(place.bodies('r', 'run.stalled').length, 1, 'it is said once')
    assert.equal(place.clock.pending, 1, 'and has one alarm')
    broken = false
    const { answer } = await place.outcome<{ answer: string }>('r')
    assert.equal(answer, 'this')
  })

  const asking = flow(async (ctx) => (await ctx.review('ok', proposal)).verdict)

  for (const times of ['at once', 'when it is known already']) {
    test(`takes an answer and a cancellation ${times}`, async (t) => {
      for (const what of ['answer', 'cancel'] as const) {
        const place = await begun(t, asking)
        const id = place.hf.reviews()[0]?.id ?? ''
        await place.reopen({ workflows: [] })
        if (times !== 'at once') {
          place.hf.runtime.wake('r')
          await turns()
          assert.equal(whyStalled(place), 'WORKFLOW_UNKNOWN')
        }
        if (what === 'cancel') {
          await place.hf.cancel('r')
          assert.equal(place.hf.run('r').status(), 'cancelled')
        } else {
          await place.hf.answer(id, { verdict: 'approved' })
          assert.equal(place.hf.run('r').status(), 'stalled')
          await place.reopen({ workflows: [asking] })
          assert.equal(await place.outcome('r'), 'approved')
        }
      }
    })
  }

  test('receives what its child has come to meanwhile', async (t) => {
    const child = flow(async (ctx) => (await ctx.waitFor('go'))?.data, 'child')
    const parent = flow(async (ctx) => {
      const [, output] = await Promise.all([ctx.sleep('nap', '1h'), ctx.call('child', child, null)])
      return output
    })
    const place = await begun(t, parent, { workflows: [parent, child] })
    await place.reopen({ workflows: [child] })
    place.clock.advance(3_600_000)
    await place.hf.idle()
    assert.equal(place.hf.run('r').status(), 'stalled')
    const isSpoiled = place.spoil('r', has('child.ended'))
    await place.hf.emit({ kind: 'go', data: 7 })
    await place.hf.idle()
    assert.deepEqual([isSpoiled(), place.hf.run('r/child').status()], [true, 'completed'])
    assert.ok(!place.kinds('r').includes('child.ended'))
    await place.reopen({ workflows: [parent, child] })
    assert.equal(await place.outcome('r'), 7)
  })
})

describe('an orphan', () => {
  test('is cancelled at the next start when the process died right after its parent was', async (t) => {
    const child = flow(async (ctx) => await ctx.sleep('1h'), 'child')
    const parent = flow(async (ctx) => await ctx.call('child', child, null))
    const place = await begun(t, parent, { workflows: [parent, child] })
    const execution = await place.hf.runtime.execution('r')
    await cancelRun(execution, {
      actor: 'operator',
      label: { trust: 'owner', sources: [], readers: null },
      reason: '',
    })
    assert.equal(place.hf.run('r/child').status(), 'waiting')
    await place.reopen()
    await place.hf.idle()
    assert.equal(place.hf.run('r/child').status(), 'cancelled')
  })
})

describe('a run with erased bodies', () => {
  test('can not go on, and does not keep the others from it', async (t) => {
    const workflow = flow(async (ctx, input) => {
      await ctx.sleep('1h')
      return input
    })
    const place = await begun(t, workflow)
    await place.hf.start(workflow, 'other', { id: 's' })
    await place.hf.idle()
    await place.hf.log.erase({ positions: [1] }, { actor: 'operator', reason: 'asked for' })
    await place.reopen()
    assert.equal(await place.outcome('s'), 'other')
    await assert.rejects(place.hf.cancel('r'), { code: 'BODY_ERASED' })
  })
})
