import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { codeOf, flow, runToEnd, verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import type { GraphNodes } from '../../kernel/concurrency.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Context } from '../../kernel/workflow.ts'
import { verifyRun } from '../replay/replay.ts'

/** Each node sleeps so long, then gives its name; a node with a code fails with it. */
function napping(
  ctx: Context,
  nodes: Record<string, readonly [after: string, ms: number, code?: string]>,
): GraphNodes<Record<string, string>> {
  const entries = Object.entries(nodes).map(([name, [after, ms, code]]) => {
    const run = async (own: Context): Promise<string> => {
      await own.sleep('nap', ms)
      await ctx.step(`${name} ends`, () => {})
      if (code !== undefined) throw new HoldfastError(code, `${name} failed`)
      return name
    }
    return [name, { after: after === '' ? [] : after.split(' '), run }]
  })
  return Object.fromEntries(entries)
}

/** node: state, in the order in which they ended. */
function ends(place: Place): string[] {
  return place.bodies('r', 'node.ended').map(({ node, state }) => `${node} ${state}`)
}

describe('a graph', () => {
  test('runs nodes as their dependencies allow, and hands on what they give', async (t) => {
    const { output, place } = await runToEnd(
      t,
      async (ctx) => {
        const { sum, ...rest } = await ctx.graph<{ stock: number; price: number; sum: string }>('order', {
          sum: { after: ['stock', 'price'], run: (_, { stock, price }) => `${stock * price} in all` },
          stock: { run: (own) => own.step('count', () => 5) },
          price: {
            run: async (own) => {
              await own.sleep('1h')
              return await own.step('ask', () => 3)
            },
          },
        })
        return [sum, rest]
      },
      { residentRuns: 0 },
    )
    assert.deepEqual(output, ['15 in all', { stock: 5, price: 3 }])
    assert.deepEqual(ends(place), ['stock done', 'price done', 'sum done'])
    assert.deepEqual(place.bodies('r', 'graph.started'), [
      {
        graph: 'order',
        nodes: [
          { name: 'sum', after: ['stock', 'price'] },
          { name: 'stock', after: [] },
          { name: 'price', after: [] },
        ],
        onFailure: 'all-or-nothing',
        concurrency: null,
      },
    ])
    const names = place.bodies('r', 'step.completed').map(({ name }) => name)
    assert.deepEqual(names, ['order/stock/count', 'order/price/ask'])
    assert.equal(await verdict(place), 'same')
  })

  test('has at most so many nodes under way', async (t) => {
    const { place } = await runToEnd(t, async (ctx) => {
      const nodes = napping(ctx, { a: ['', 400], b: ['', 100], c: ['', 100], d: ['b', 100] })
      await ctx.graph('limited', nodes, { concurrency: 2 })
    })
    assert.deepEqual(ends(place), ['b done', 'c done', 'd done', 'a done'])
    assert.equal(place.clock.now() - Number(place.events('r')[0]?.time), 400)
  })

  test('a graph of no nodes is done', async (t) => {
    const { output } = await runToEnd(t, (ctx) => ctx.graph('none', {}))
    assert.deepEqual(output, {})
  })
})

describe('a failed node', () => {
  const some = { a: ['', 100, 'NO_A'], b: ['', 300], c: ['a', 1], d: ['c', 1], e: ['b', 1] } as const

  test('all or nothing: the others are stopped, and the failure is thrown', async (t) => {
    const { output, place } = await runToEnd(t, (ctx) => ctx.graph('g', napping(ctx, some)))
    assert.equal(codeOf(output), 'NO_A')
    assert.deepEqual(ends(place), ['a failed', 'c skipped', 'd skipped', 'e skipped', 'b abandoned'])
    assert.equal(place.clock.now() - Number(place.events('r')[0]?.time), 100, 'nobody waited for b')
    assert.equal(await verdict(place), 'same')
  })

  test('all or nothing: what can not be stopped comes to its end first', async (t) => {
    const { output, place } = await runToEnd(t, (ctx) =>
      ctx.graph<{ bad: null; busy: number }>('g', {
        bad: { run: () => Promise.reject(new HoldfastError('NO', 'no')) },
        busy: {
          run: (own) =>
            own.step('twice', ({ attempt }) => {
              if (attempt === 1) throw new Error('once')
              return attempt
            }),
        },
      }),
    )
    assert.equal(codeOf(output), 'NO')
    assert.deepEqual(ends(place), ['bad failed', 'busy done'])
  })

  test('stop: nothing more is begun, and each node says how it ended', async (t) => {
    const { output, place } = await runToEnd(t, async (ctx) => {
      const outcomes = await ctx.graph('g', napping(ctx, some), { onFailure: 'stop' })
      return Object.entries(outcomes).map(([name, one]) => {
        const why =
          one.state === 'failed' ? one.error.code : one.state === 'skipped' ? one.because : one.value
        return `${name} ${one.state} ${why}`
      })
    })
    assert.deepEqual((output as string[]).sort(), [
      'a failed NO_A',
      'b done b',
      'c skipped a',
      'd skipped a',
      'e skipped a',
    ])
    assert.equal(await verdict(place), 'same')
  })

  test('continue: only what depends on it is skipped', async (t) => {
    const { output, place } = await runToEnd(t, async (ctx) => {
      const outcomes = await ctx.graph('g', napping(ctx, some), { onFailure: 'continue' })
      return Object.fromEntries(Object.entries(outcomes).map(([name, { state }]) => [name, state]))
    })
    assert.deepEqual(output, { a: 'failed', b: 'done', c: 'skipped', d: 'skipped', e: 'done' })
    const because = place.bodies('r', 'node.ended').filter(({ state }) => state === 'skipped')
    assert.deepEqual(
      because.map(({ because: node }) => node),
      ['a', 'a'],
    )
  })
})

describe('a graph that can not be run is refused before anything is', () => {
  const node = (...after: string[]) => ({ after, run: (own: Context) => own.step('x', () => 1) })
  const wrong: Record<string, [GraphNodes<Record<string, number>>, RegExp]> = {
    'an unknown node': [{ a: node(), b: node('z') }, /"b" comes after "z", which is no node of it/],
    'a node named twice': [{ a: node(), b: node('a', 'a') }, /"b" names "a" twice/],
    'a cycle': [{ a: node(), b: node('a', 'd'), c: node('b'), d: node('c') }, /b → d → c → b/],
    'a node after itself': [{ a: node('a') }, /a → a/],
    'a name with a slash': [{ 'a/b': node() }, /can't be named "a\/b"/],
  }
  for (const [what, [nodes, message]] of Object.entries(wrong)) {
    test(what, async (t) => {
      const { output, place } = await runToEnd(t, (ctx) => ctx.graph('g', nodes))
      assert.equal(codeOf(output), 'GRAPH_INVALID')
      assert.match((output as Error).message, message)
      assert.deepEqual(place.kinds('r'), ['run.started', 'run.failed'])
    })
  }

  test('a node reads only what it comes after', async (t) => {
    const { output } = await runToEnd(t, (ctx) =>
      ctx.graph<{ a: number; b: number }>('g', { a: { run: () => 1 }, b: { run: (_, { a }) => a } }),
    )
    assert.equal(codeOf(output), 'GRAPH_INVALID')
    assert.match((output as Error).message, /"b" of the graph "g" reads "a"/)
  })
})

test('verification names a graph of another shape', async (t) => {
  const code = (after: readonly 'a'[]) => (ctx: Context) =>
    ctx.graph<{ a: number; b: number }>('g', {
      a: { run: (own) => own.step('one', () => 1) },
      b: { after, run: (own) => own.step('two', () => 2) },
    })
  const place = await openPlace(t, { workflows: [flow(code(['a']))] })
  await place.hf.start(flow(code(['a'])), null, { id: 'r' })
  await place.outcome('r')
  const hf = await place.reopen({ workflows: [flow(code([]))] })
  const { divergence } = await verifyRun(hf.log, hf.runtime.workflows, 'r')
  assert.match(divergence?.explanation ?? '', /graph "g" with another nodes/)
})

test('a graph goes on after a crash where it was', async (t) => {
  const made: string[] = []
  const make = (own: Context, what: string): Promise<string> =>
    own.step('make', () => {
      made.push(what)
      return what
    })
  const workflow = flow((ctx) =>
    ctx.graph<{ a: string; b: string; c: string }>('g', {
      a: { run: (own) => make(own, 'a') },
      b: {
        after: ['a'],
        run: async (own) => {
          await own.waitFor('go')
          return await make(own, 'b')
        },
      },
      c: { after: ['a', 'b'], run: (_, { a, b }) => a + b },
    }),
  )
  const place = await openPlace(t, { workflows: [workflow] })
  await place.hf.start(workflow, null, { id: 'r' })
  await place.hf.idle()
  await place.reopen()
  await place.hf.emit({ kind: 'go' })
  assert.deepEqual(await place.outcome('r'), { a: 'a', b: 'b', c: 'ab' })
  assert.deepEqual([made, place.bodies('r', 'graph.started').length], [['a', 'b'], 1])
  assert.deepEqual(ends(place), ['a done', 'b done', 'c done'])
})
