/** Children: called, spawned, cancelled with their parents or left alone, also when the process stops in between. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { codeOf, flow, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import type { ParentClose } from '../../kernel/children.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Context } from '../../kernel/workflow.ts'

const sleeper = flow((ctx) => ctx.sleep('1d').then(() => 'slept'), 'sleeper')
/** Calls a sleeper, so that there is a grandchild. */
const caller = flow((ctx) => ctx.call('below', sleeper, null), 'caller')

function statuses(place: Place, ...runs: string[]): string[] {
  return runs.map((run) => place.hf.run(run).status())
}

describe('spawn', () => {
  test('gives the id of the child and goes on; the child outlives its parent', async (t) => {
    const { output, place } = await runToEnd(t, (ctx) => ctx.spawn('aside', sleeper, null), {
      others: [sleeper],
    })
    assert.equal(output, 'r/aside')
    assert.deepEqual(statuses(place, 'r', 'r/aside'), ['completed', 'waiting'])
    assert.equal(await place.outcome('r/aside'), 'slept')
    assert.deepEqual(place.kinds('r'), ['run.started', 'child.started', 'run.completed'])
    assert.equal(await verdict(place), 'same')
  })

  test('under an id of its own; one that is taken is refused, also when it is resumed', async (t) => {
    const { output, place } = await runToEnd(
      t,
      async (ctx) => {
        const id = await ctx.spawn('one', sleeper, null, { id: 'mine' })
        const again = await ctx.spawn('two', sleeper, null, { id: 'mine' }).catch(codeOf)
        await ctx.sleep('1h')
        return [id, again]
      },
      { others: [sleeper], residentRuns: 0 },
    )
    assert.deepEqual(output, ['mine', 'RUN_ID_CONFLICT'])
    assert.equal(await verdict(place), 'same')
  })
})

describe('when the parent ends', () => {
  for (const [what, onParentClose, after] of [
    ['a called child is cancelled', undefined, 'cancelled'],
    ['unless it is abandoned', 'abandon', 'waiting'],
  ] as const) {
    test(what, async (t) => {
      const options = onParentClose === undefined ? {} : { onParentClose }
      const { place } = await runToEnd(
        t,
        async (ctx) => {
          await Promise.race([ctx.call('below', caller, null, options), ctx.sleep('1h')])
        },
        { others: [caller, sleeper] },
      )
      await turns(60)
      assert.deepEqual(statuses(place, 'r/below', 'r/below/below'), [after, after])
    })
  }

  test('nothing is at rest before its children and theirs are cancelled', async (t) => {
    const parent = flow(async (ctx) => {
      await ctx.race('over', {
        below: (own) => own.call('below', caller, null),
        enough: (own) => own.waitFor('enough'),
      })
    }, 'parent')
    const place = await openPlace(t, { workflows: [parent, caller, sleeper] })
    const run = await place.hf.start(parent, null, { id: 'p' })
    await place.hf.idle()
    await place.hf.emit({ kind: 'enough' })
    await run.result()
    await place.hf.idle()
    const below = 'p/over/below/below'
    assert.deepEqual(statuses(place, 'p', below, `${below}/below`), ['completed', 'cancelled', 'cancelled'])
  })

  test('a child that the disk keeps from being cancelled is cancelled when it takes something again', async (t) => {
    const parent = flow(async (ctx) => {
      await ctx.spawn('below', sleeper, null, { onParentClose: 'cancel' })
      await ctx.sleep('1h')
    }, 'parent')
    const place = await openPlace(t, { workflows: [parent, sleeper] })
    await place.hf.start(parent, null, { id: 'p' })
    await place.hf.idle()
    const { log } = place.hf
    const append = log.append.bind(log)
    Object.assign(log, {
      append: async (...given: Parameters<typeof append>) => {
        if (given[0].some(({ events }) => events.some(({ kind }) => kind === 'run.cancelled')))
          throw new HoldfastError('LOG_WRITE_FAILED', 'the disk is full')
        return await append(...given)
      },
    })
    place.clock.advance(3_600_000)
    await place.hf.idle()
    Object.assign(log, { append })
    assert.deepEqual(statuses(place, 'p', 'p/below'), ['completed', 'waiting'])
    place.clock.advance(5_000)
    await turns(60)
    assert.deepEqual(statuses(place, 'p/below'), ['cancelled'])
  })

  for (const how of ['completes', 'fails'] as const) {
    test(`a spawned one stays, or goes too, when it ${how}`, async (t) => {
      const spawn = (ctx: Context, onParentClose: ParentClose) =>
        ctx.spawn(onParentClose, caller, null, { onParentClose })
      const { place } = await runToEnd(
        t,
        async (ctx) => {
          await spawn(ctx, 'cancel')
          await spawn(ctx, 'abandon')
          await ctx.sleep('1h')
          if (how === 'fails') throw new Error('so')
        },
        { others: [caller, sleeper] },
      )
      await turns(60)
      assert.deepEqual(statuses(place, 'r/cancel', 'r/cancel/below'), ['cancelled', 'cancelled'])
      assert.deepEqual(statuses(place, 'r/abandon', 'r/abandon/below'), ['waiting', 'waiting'])
      const [cancelled] = place.bodies('r/cancel', 'run.cancelled')
      assert.match(String(cancelled?.reason), /^its parent r has (completed|failed)$/)
    })
  }

  for (const how of ['ends', 'goes on as the next run, and that one ends'] as const) {
    test(`a bound child that is taken up again after its parent ${how} is left alone, until that ends anew`, async (t) => {
      let isBroken = true
      const child = flow(async (ctx) => {
        await ctx.step('work', () => {
          if (isBroken) throw Object.assign(new Error('it is broken'), { retryable: false })
        })
        await ctx.sleep('1d')
      }, 'child')
      const parent = flow(async (ctx, isLast) => {
        if (!isLast) await ctx.spawn('below', child, null, { onParentClose: 'cancel' })
        await ctx.sleep('1h')
        if (!isLast && how !== 'ends') await ctx.continueAs(true)
        await ctx.step('close', () => {
          if (isBroken) throw Object.assign(new Error('it is broken'), { retryable: false })
        })
      }, 'parent')
      const place = await openPlace(t, { workflows: [parent, child] })
      await place.hf.start(parent, false, { id: 'p' })
      await place.pass()
      isBroken = false
      await place.hf.deadLetters.retry('p/below')
      await place.reopen()
      await turns(60)
      assert.deepEqual(statuses(place, 'p/below'), ['waiting'])
      await place.hf.deadLetters.retry('p')
      await place.hf.idle()
      await turns(60)
      assert.deepEqual(statuses(place, how === 'ends' ? 'p' : 'p~2', 'p/below'), ['completed', 'cancelled'])
      assert.equal(place.bodies('p/below', 'run.cancelled').length, 1)
    })
  }

  test('what a crash left open is cancelled at the next start, and so on downwards', async (t) => {
    const parent = flow((ctx) => ctx.call('below', caller, null))
    const workflows = [parent, caller, sleeper]
    const place = await openPlace(t, { workflows })
    await place.hf.start(parent, null, { id: 'r' })
    await place.hf.idle()
    // The cancellations of the children never reach the log: the process stops behind that of the parent.
    const { log } = place.hf
    const append = log.append.bind(log)
    Object.assign(log, {
      append: (...given: Parameters<typeof append>) => {
        const isBelow = given[0].some(({ stream }) => stream.startsWith('run/r/'))
        return isBelow ? new Promise(() => {}) : append(...given)
      },
    })
    void place.hf.cancel('r').catch(() => {})
    await place.hf.runtime.log.append([])
    while (place.hf.run('r').status() !== 'cancelled') await new Promise((resolve) => setImmediate(resolve))
    Object.assign(log, { append })
    assert.deepEqual(statuses(place, 'r', 'r/below', 'r/below/below'), ['cancelled', 'waiting', 'waiting'])
    await place.reopen()
    await turns(60)
    assert.deepEqual(statuses(place, 'r/below', 'r/below/below'), ['cancelled', 'cancelled'])
  })
})
