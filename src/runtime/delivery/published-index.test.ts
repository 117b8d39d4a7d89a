/** Waits find what was published since their run began, whoever waited for the kind before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { openPlace } from '../../apps/testing/place.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { retain } from '../retention/retention.ts'
import { firstPublished, lastPublished } from './published-index.ts'

const late = defineWorkflow({
  name: 'late',
  version: 1,
  input: z.string(),
  output: z.array(z.unknown()),
  run: async (ctx, key) => {
    await ctx.waitFor('look', { key: ctx.run.id })
    const first = await ctx.waitFor('paid', { key })
    const second = await ctx.waitFor('paid', { key })
    return [first?.data, second?.data]
  },
})

test('a run that looks further back than those before it finds what was published since it began', async (t) => {
  const place = await openPlace(t, { workflows: [late] })
  const { hf } = place
  const paid = (key: string, data: number) => place.hf.emit({ kind: 'paid', key, data })
  await paid('a', 0)
  await hf.start(late, 'a', { id: 'old' })
  await paid('a', 1)
  await paid('b', 2)
  await hf.start(late, 'a', { id: 'young' })
  await paid('a', 3)
  const before = hf.log.head().position
  assert.equal(hf.log.tables.all('SELECT 1 FROM published').length, 0, 'nobody waits for any of them')

  await hf.emit({ kind: 'look', key: 'young' })
  await hf.idle()
  assert.equal(firstPublished(hf.log.tables, 'paid', 'a', 0), 1, 'also what nobody has looked back to yet')
  await hf.emit({ kind: 'look', key: 'old' })
  assert.deepEqual(await place.outcome('old'), [1, 3])
  const sorted = hf.log.tables.all<{ key: string }>("SELECT key FROM published WHERE kind = 'paid'")
  assert.deepEqual(
    sorted.map(({ key }) => key),
    ['a', 'a', 'b'],
    'all since the older run began',
  )

  await place.reopen()
  await paid('a', 4)
  assert.deepEqual(await place.outcome('young'), [3, 4])
  const positions = lastPublished(place.hf.log.tables, 'paid', 3)
  assert.equal(positions.length, 3)
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => b - a),
  )
  assert.ok(positions.some((position) => position > before))
})

test('what was sorted for a run stays so when the run is erased', async (t) => {
  const { hf, clock } = await openPlace(t, { workflows: [late] })
  const run = await hf.start(late, 'a', { id: 'r' })
  for (const data of [1, 2]) await hf.emit({ kind: 'paid', key: 'a', data })
  await hf.emit({ kind: 'look', key: 'r' })
  await run.result()
  clock.advance(1_000)
  const rule = { workflow: '*', status: ['completed'], afterMs: 1_000 } as const
  assert.equal((await retain(hf.log, { rules: [rule], now: clock.now() })).runs, 1)
  assert.equal(hf.log.tables.all("SELECT 1 FROM published WHERE kind = 'paid'").length, 2)
  assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
})
