import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineWorkflow, openHoldfast } from '../sdk.ts'
import { queueLanes } from './queue.ts'
import { withWorkspace } from './testing/workspace.ts'
import { waitingFor } from './why.ts'

const DAY_MS = 86_400_000

const slow = defineWorkflow({
  name: 'slow',
  version: 1,
  input: z.string(),
  output: z.any(),
  concurrency: { limit: 1, key: (input) => input },
  run: async (ctx) => await ctx.sleep('1h'),
})

const rare = defineWorkflow({
  name: 'rare',
  version: 1,
  input: z.string(),
  output: z.any(),
  priority: 2,
  rate: { limit: 1, per: '1d' },
  run: async () => null,
})

test('what waits to begin is listed by lanes, and said of each run', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [slow, rare] }),
    async (hf) => {
      for (const id of ['a', 'b', 'c']) await hf.start(slow, 'ann', { id })
      const first = await hf.start(rare, '', { id: 'r1' })
      await first.result()
      await hf.start(rare, '', { id: 'r2' })
      const at = Date.now() + DAY_MS
      await hf.start(slow, 'bob', { id: 'later', notBefore: at })
      await hf.idle()
      const { tables } = hf.log
      const lanes = queueLanes(tables).map(({ since, ...lane }) => ({ ...lane, until: lane.until !== null }))
      assert.deepEqual(lanes, [
        {
          workflow: 'rare',
          priority: 2,
          waiting: 1,
          firstRun: 'r2',
          by: 'rate',
          words: 'its rate of 1 in 86400 s',
          until: true,
        },
        {
          workflow: 'slow',
          priority: 0,
          waiting: 2,
          firstRun: 'b',
          by: 'concurrency',
          words: 'one of 1 places of "slow:ann"',
          until: false,
        },
        {
          workflow: 'slow',
          priority: 0,
          waiting: 1,
          firstRun: 'later',
          by: 'time',
          words: 'the time it is to begin at',
          until: true,
        },
      ])
      const words = (run: string) => waitingFor(tables, run).map((waiting) => [waiting.for, waiting.words])
      assert.deepEqual(words('c'), [['turn', 'one of 1 places of "slow:ann", after 1 before it']])
      assert.deepEqual(words('later'), [['turn', 'the time it is to begin at']])
      assert.equal(waitingFor(tables, 'later')[0]?.until, at)
    },
  ))
