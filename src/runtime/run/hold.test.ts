import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { defineWorkflow, openHoldfast } from '../../sdk.ts'

test('held runs are durable, wait, and go on together, sharing their commits', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'hold-'))
  const steps: string[] = []
  const work = defineWorkflow({
    name: 'work',
    version: 1,
    input: z.string(),
    output: z.string(),
    async run(ctx, id) {
      for (const step of ['a', 'b', 'c']) await ctx.step(step, () => steps.push(`${step}${id}`))
      return id
    },
  })
  const hf = await openHoldfast({ dir, workflows: [work] })
  t.after(async () => {
    await hf.close()
    await rm(dir, { recursive: true })
  })
  const release = hf.runtime.hold()
  const second = hf.runtime.hold()
  const runs = []
  for (const id of ['1', '2', '3', '4']) runs.push(await hf.start(work, id, { id }))
  await new Promise((resolve) => setTimeout(resolve, 20))
  release()
  release()
  assert.deepEqual(steps, [], 'one of two holds is still there, however often the other is released')
  assert.equal(runs[0]?.status(), 'running')
  let commits = 0
  hf.log.onCommit(() => {
    commits += 1
  })
  second()
  assert.deepEqual(await Promise.all(runs.map((run) => run.result())), ['1', '2', '3', '4'])
  assert.deepEqual(steps.slice(0, 5), ['a1', 'a2', 'a3', 'a4', 'b1'])
  assert.ok(commits <= 5, `${commits} commits for 16 events`)
})
