import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import { defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { verifyRun } from '../../sdk.ts'

const any = { version: 1, input: z.any(), output: z.any() }
const child = defineWorkflow({ ...any, name: 'child', run: async () => 1 })
const choice = 'nope' as never

for (const [name, run] of Object.entries({
  call: async (ctx) => await ctx.call('c', child, null, { onParentClose: choice }),
  spawn: async (ctx) => await ctx.spawn('c', child, null, { onParentClose: choice }),
  all: async (ctx) => await ctx.all([() => ctx.step('s', () => 1)], { onFailure: choice }),
  map: async (ctx) => await ctx.map('m', [1], async () => 1, { onFailure: choice }),
  graph: async (ctx) => await ctx.graph('g', { n: { run: async () => 1 } }, { onFailure: choice }),
} satisfies Record<string, Workflow['run']>)) {
  test(`${name}: a choice that is none is refused before anything is done, and a replay says the same`, async (t) => {
    const odd = defineWorkflow({ ...any, name: 'odd', run })
    const place = await openPlace(t, { workflows: [odd, child] })
    await place.hf.start(odd, null, { id: 'r' })
    await assert.rejects(place.hf.run('r').result(), { code: 'INPUT_INVALID', message: /"nope"/ })
    assert.deepEqual(place.kinds('r'), ['run.started', 'run.failed'])
    assert.equal((await verifyRun(place.hf, 'r')).verdict, 'same')
  })
}
