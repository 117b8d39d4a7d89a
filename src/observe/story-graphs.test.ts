import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runToEnd } from '../apps/testing/one-run.ts'
import { storyGraphs } from './story-graphs.ts'

test('a graph is read with its edges, and the state and time of each node', async (t) => {
  const { place } = await runToEnd(t, async (ctx) => {
    const fail = (): Promise<null> => Promise.reject(new Error('no'))
    await ctx.graph<{ nap: string; bad: null; rest: string }, 'continue'>(
      'g',
      {
        nap: { run: (own) => own.sleep('1h').then(() => 'slept') },
        bad: { run: fail },
        rest: { after: ['nap', 'bad'], run: () => 'never' },
      },
      { onFailure: 'continue' },
    )
    await ctx.sleep('1m')
  })
  const [graph] = storyGraphs(place.events('r'))
  assert.deepEqual([graph?.name, graph?.onFailure], ['g', 'continue'])
  assert.deepEqual(
    graph?.nodes.map(({ name, after, state, tookMs, because }) => ({ name, after, state, tookMs, because })),
    [
      { name: 'nap', after: [], state: 'done', tookMs: 3_600_000, because: null },
      { name: 'bad', after: [], state: 'failed', tookMs: 0, because: null },
      { name: 'rest', after: ['nap', 'bad'], state: 'skipped', tookMs: null, because: 'bad' },
    ],
  )
  const begun = place.events('r').filter(({ kind }) => kind !== 'node.ended')
  assert.ok(storyGraphs(begun)[0]?.nodes.every(({ state, ended }) => state === 'open' && ended === null))
})
