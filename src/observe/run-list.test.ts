import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHoldfast } from '../sdk.ts'
import { listRuns } from './run-list.ts'
import { anyWorkflow, withWorkspace } from './testing/workspace.ts'

const quick = anyWorkflow('quick', async () => 'done')
const broken = anyWorkflow('broken', async () => {
  throw Object.assign(new Error('no'), { code: 'NO' })
})
const slow = anyWorkflow('slow', async (ctx) => await ctx.waitFor('never'))

test('runs come newest first, filtered and in pages', () =>
  withWorkspace(
    (dir) => openHoldfast({ dir, workflows: [quick, broken, slow] }),
    async (hf) => {
      const { tables } = hf.log
      const begun = Date.now()
      await hf.start(quick, null, { id: 'a', customer: 'c-1' })
      await hf.start(broken, null, { id: 'b', customer: 'c-2' })
      await hf.start(slow, null, { id: 'c', customer: 'c-1' })
      await hf.idle()
      const ids = (filter?: Parameters<typeof listRuns>[1]) => listRuns(tables, filter).map(({ id }) => id)
      assert.deepEqual(ids(), ['c', 'b', 'a'])
      assert.deepEqual(ids({ status: 'completed' }), ['a'])
      assert.deepEqual(ids({ workflow: 'broken' }), ['b'])
      assert.deepEqual(ids({ customer: 'c-1' }), ['c', 'a'])
      assert.deepEqual(ids({ customer: 'c-1', status: 'waiting', workflow: 'slow' }), ['c'])
      assert.deepEqual(ids({ customer: 'c-1', status: 'failed' }), [])
      const [newest, second] = listRuns(tables, { limit: 2 })
      assert.deepEqual([newest?.id, second?.id], ['c', 'b'])
      assert.deepEqual(ids({ limit: 2, before: second?.position ?? 0 }), ['a'])

      const { started, updated, position, waitsFor, ...rest } = newest ?? assert.fail()
      assert.deepEqual(rest, {
        id: 'c',
        workflow: 'slow',
        version: 1,
        status: 'waiting',
        customer: 'c-1',
        parent: null,
        errorCode: null,
      })
      assert.ok(started >= begun && updated >= started && position > 0)
      assert.deepEqual(
        waitsFor.map(({ words }) => words),
        ['the event "never"'],
      )
      assert.deepEqual([second?.status, second?.errorCode, second?.waitsFor], ['failed', 'NO', []])
    },
  ))
