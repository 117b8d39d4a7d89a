import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { codeOf, flow, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import { openPlace } from '../../apps/testing/place.ts'
import type { Context } from '../../kernel/workflow.ts'

/** Sleeps that say how many of them are under way. */
function counted() {
  let now = 0
  const most = { at: 0 }
  const nap = async (ctx: Context, name: string, ms: number): Promise<void> => {
    now += 1
    most.at = Math.max(most.at, now)
    await ctx.sleep(name, ms)
    now -= 1
  }
  return { most, nap }
}

describe('all', () => {
  test('gives results in the order given, with at most so many under way', async (t) => {
    const { most, nap } = counted()
    const { output, place } = await runToEnd(t, (ctx) => {
      const task = (name: string, ms: number) => async () => {
        await nap(ctx, name, ms)
        return name
      }
      return ctx.all([task('a', 300), task('b', 100), task('c', 100), task('d', 100)], { concurrency: 2 })
    })
    assert.deepEqual([output, most.at], [['a', 'b', 'c', 'd'], 2])
    assert.equal(await verdict(place), 'same')
    assert.equal(place.clock.now() - Number(place.events('r')[0]?.time), 300, 'd began when c was over')
  })

  test('after a failure begins nothing more, waits for what is under way, and throws the first', async (t) => {
    const begun: string[] = []
    const ended: string[] = []
    const { output, place } = await runToEnd(t, async (ctx) => {
      const task =
        (name: string, ms: number, fails = false) =>
        async () => {
          begun.push(name)
          await ctx.sleep(name, ms)
          ended.push(name)
          if (fails) throw Object.assign(new Error(name), { code: `NO_${name}` })
        }
      await ctx.all([task('A', 100, true), task('B', 300, true), task('C', 50)], { concurrency: 2 })
    })
    assert.deepEqual([codeOf(output), begun, ended], ['NO_A', ['A', 'B'], ['A', 'B']])
    assert.equal(await verdict(place), 'same')
  })

  test('settles each when asked to', async (t) => {
    const { output } = await runToEnd(t, async (ctx) => {
      const fails = () => ctx.step('bad', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } })
      const [bad, good] = await ctx.all([fails, () => ctx.step('good', () => 7)], { onFailure: 'settle' })
      return [bad.ok ? '' : bad.error.code, good.ok && good.value]
    })
    assert.deepEqual(output, ['STEP_FAILED', 7])
  })

  test('of nothing is nothing; a limit must be a whole number from 1', async (t) => {
    const { output } = await runToEnd(t, async (ctx) => {
      const limits = [0, 1.5, Number.NaN].map((concurrency) => ctx.all([() => 1], { concurrency }))
      const refused = await Promise.allSettled(limits)
      return [await ctx.all([]), refused.map((one) => one.status === 'rejected' && one.reason.code)]
    })
    assert.deepEqual(output, [[], Array(3).fill('INPUT_INVALID')])
  })
})

describe('map', () => {
  test('names the operations of each item after its place, also within another', async (t) => {
    const { output, place } = await runToEnd(t, (ctx) =>
      ctx.map('outer', ['x', 'y'], (own, item) =>
        own.map('inner', [1, 2], (inner, n) => inner.step('join', () => `${item}${n}`)),
      ),
    )
    assert.deepEqual(output, [
      ['x1', 'x2'],
      ['y1', 'y2'],
    ])
    const names = place.bodies('r', 'step.completed').map(({ name }) => name)
    assert.deepEqual(names.sort(), [
      'outer/0/inner/0/join',
      'outer/0/inner/1/join',
      'outer/1/inner/0/join',
      'outer/1/inner/1/join',
    ])
  })

  test('used again counts up; chance is that of the place', async (t) => {
    const { output, place } = await runToEnd(t, async (ctx) => {
      const draw = () =>
        ctx.map('draw', [1, 2], (own) => {
          const drawn = own.random()
          return own.step('x', () => drawn)
        })
      return [await draw(), await draw(), ctx.random()].flat()
    })
    assert.equal(new Set(output as number[]).size, 5, 'each place draws for itself')
    const names = place.bodies('r', 'step.completed').map(({ name }) => name)
    assert.deepEqual(names, ['draw/0/x', 'draw/1/x', 'draw#2/0/x', 'draw#2/1/x'])
  })

  test('takes the same path when it is replayed at every wait', async (t) => {
    const orders = new Set<string>()
    const { output, place } = await runToEnd(
      t,
      async (ctx) => {
        const order: number[] = []
        const waits = await ctx.map(
          'nap',
          [500, 100, 300, 200],
          async (own, ms, index) => {
            await own.sleep(ms)
            order.push(index)
            return await own.step('say', () => ms)
          },
          { concurrency: 2 },
        )
        orders.add(order.join())
        await ctx.sleep('rest', '1h')
        return waits
      },
      { residentRuns: 0 },
    )
    assert.deepEqual(output, [500, 100, 300, 200])
    assert.deepEqual([...orders], ['1,2,0,3'])
    assert.equal(await verdict(place), 'same')
  })
})

describe('race', () => {
  test('an abandoned wait receives nothing: the next one does', async (t) => {
    const workflow = flow(async (ctx) => {
      const heard: unknown[] = []
      while (heard.length < 3) {
        const { winner, value } = await ctx.race('next', {
          said: (own) => own.waitFor('said'),
          late: (own) => own.sleep('1h'),
        })
        heard.push(winner === 'said' ? value?.data : 'late')
      }
      return heard
    })
    const place = await openPlace(t, { workflows: [workflow], residentRuns: 0 })
    const run = await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    place.clock.advance(3_600_000)
    await place.hf.idle()
    await place.hf.emit({ kind: 'said', data: 1 })
    await place.hf.idle()
    await place.reopen()
    await place.hf.emit({ kind: 'said', data: 2 })
    assert.deepEqual(await place.outcome('r'), ['late', 1, 2])
    assert.equal(run.id, 'r')
    assert.equal(await verdict(place), 'same')
    assert.equal(place.kinds('r').filter((kind) => kind.endsWith('.abandoned')).length, 2)
  })

  test('an abandoned timer wakes nobody', async (t) => {
    const { place } = await runToEnd(t, async (ctx) => {
      await ctx.race('first', { soon: (own) => own.sleep('1h'), late: (own) => own.sleep('9h') })
      await ctx.sleep('2h')
      await ctx.sleep('20h')
    })
    const fired = place.bodies('r', 'timer.fired').map(({ name }) => name)
    assert.deepEqual(fired, ['first/soon/sleep', 'sleep', 'sleep#2'])
    assert.equal(await verdict(place), 'same')
  })

  test('the loser begins nothing more, and may clean up', async (t) => {
    const said: string[] = []
    const { output } = await runToEnd(t, async (ctx) => {
      const { winner } = await ctx.race('first', {
        quick: (own) => own.step('quick', () => 1),
        slow: async (own) => {
          try {
            await own.waitFor('never')
          } catch (error) {
            said.push(codeOf(error))
            await own.step('more', () => said.push('not run'))
          }
        },
      })
      await ctx.sleep('1h')
      return winner
    })
    assert.deepEqual([output, said], ['quick', ['OPERATION_ABANDONED']])
  })

  test('in the loser, neither items nor nodes that had not begun are begun', async (t) => {
    const begun: string[] = []
    const { output, place } = await runToEnd(t, async (ctx) => {
      const item = async (own: Context, name: string): Promise<void> => {
        begun.push(name)
        await own.sleep('nap', 1_000)
        await own.step('after', () => {})
      }
      const won = await ctx.race('race', {
        slow: async (own) => {
          const settle = { concurrency: 1, onFailure: 'settle' } as const
          await own.map('items', ['a', 'b'], item, settle)
          await own.step('late', () => {})
        },
        graph: async (own) => {
          const nap = (name: string) => (inner: Context) => item(inner, name)
          const nodes = { c: { run: nap('c') }, d: { run: nap('d') } }
          await own.graph('nodes', nodes, { concurrency: 1, onFailure: 'continue' })
        },
        quick: async (own) => await own.sleep('quick', 10),
      })
      await ctx.sleep('on', 5_000)
      return won.winner
    })
    assert.equal(output, 'quick')
    const timers = place.bodies('r', 'timer.set').map(({ name }) => name)
    assert.deepEqual(timers.sort(), [
      'on',
      'race/graph/nodes/c/nap',
      'race/quick/quick',
      'race/slow/items/0/nap',
    ])
    assert.deepEqual(place.bodies('r', 'step.completed'), [])
    assert.equal(await verdict(place), 'same')
  })

  test('a failure that comes first is thrown; without branches there is none', async (t) => {
    const { output } = await runToEnd(t, async (ctx) => {
      const failing = ctx.race('one', {
        bad: (own) => own.step('bad', () => Promise.reject(new Error('no')), { retry: { attempts: 1 } }),
        slow: (own) => own.sleep('1h'),
      })
      const both = await Promise.allSettled([failing, ctx.race('two', {})])
      return both.map((one) => one.status === 'rejected' && one.reason.code)
    })
    assert.deepEqual(output, ['STEP_FAILED', 'INPUT_INVALID'])
  })
})

describe('a signal', () => {
  test('abandons a wait and a timer, and frees their names', async (t) => {
    const { output, place } = await runToEnd(
      t,
      async (ctx) => {
        const codes: string[] = []
        for (let i = 0; i < 2; i += 1) {
          const stop = new AbortController()
          const { signal } = stop
          const waits = [ctx.waitFor('never', { name: 'wait', signal }), ctx.sleep('nap', '9h', { signal })]
          await ctx.sleep('short', '1m')
          stop.abort()
          codes.push(...(await Promise.allSettled(waits)).map((one) => one.status))
          codes.push(codeOf(await ctx.sleep('too late', '1h', { signal }).catch((error) => error)))
        }
        return codes
      },
      { residentRuns: 0 },
    )
    const once = ['rejected', 'rejected', 'OPERATION_ABANDONED']
    assert.deepEqual(output, [...once, ...once])
    assert.equal(await verdict(place), 'same')
  })

  test('aborted when the outcome has come in but was not handed over, the event is for the next wait', async (t) => {
    const workflow = flow(async (ctx) => {
      const stop = new AbortController()
      const first = ctx.waitFor('go', { signal: stop.signal }).catch(codeOf)
      // Both events come in one commit; the stop is handed over first, and the wait is abandoned by then.
      await ctx.waitFor('stop')
      stop.abort()
      const second = await ctx.waitFor('go', { timeout: '1h' })
      return [await first, second?.data ?? null]
    })
    const place = await openPlace(t, { workflows: [workflow] })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await Promise.all([place.hf.emit({ kind: 'stop' }), place.hf.emit({ kind: 'go', data: 5 })])
    assert.deepEqual(await place.outcome('r'), ['OPERATION_ABANDONED', 5])
    const [abandoned] = place.bodies('r', 'wait.abandoned')
    assert.equal(typeof abandoned?.returned, 'number', 'it had received the event')
    assert.equal(await verdict(place), 'same')
  })
})
