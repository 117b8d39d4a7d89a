import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { codeOf, flow, runToEnd, verdict } from '../apps/testing/one-run.ts'
import { openPlace } from '../apps/testing/place.ts'

const child = flow(async () => 1, 'child')

describe('an id that workflow code gives', () => {
  for (const id of ['', 'a\nb', 'x'.repeat(201), 'a\ud800']) {
    test(`${JSON.stringify(id.slice(0, 8))} is refused, of a child and of an event`, async (t) => {
      const spawned = await runToEnd(t, (ctx) => ctx.spawn('c', child, 1, { id }), { others: [child] })
      assert.equal(codeOf(spawned.output), 'INPUT_INVALID')
      assert.equal(await verdict(spawned.place), 'same')
      const emitted = await runToEnd(t, (ctx) => ctx.emit({ kind: 'k', id }))
      assert.equal(codeOf(emitted.output), 'INPUT_INVALID')
    })
  }
})

test('ids of rollbacks, triggers and schedules are kept for them: a run of another would be taken for theirs', async (t) => {
  const spawning = flow((ctx, id: string) => ctx.spawn('c', child, 1, { id }))
  const { hf } = await openPlace(t, { workflows: [child, spawning] })
  await hf.start(child, 1, { id: 'v' })
  for (const id of ['rollback/v', 'rollback', 'trigger/t/5', 'schedule/s/2026-01-05T10:00:00.000Z']) {
    await assert.rejects(hf.start(child, 1, { id }), { code: 'INPUT_INVALID' })
    await assert.rejects(hf.fork('v', { id }), { code: 'INPUT_INVALID' })
    const spawned = await hf.start(spawning, id, { id: `spawns ${id}` })
    await assert.rejects(spawned.result(), { code: 'INPUT_INVALID' })
  }
  await (await hf.start(child, 1, { id: 'trigger/t/5/extra' })).result()
  const { undone } = await (await hf.rollback('v')).result()
  assert.deepEqual(undone, [])
})

describe('what a host program gives in place of fields', () => {
  for (const given of [null, 'text', 5, ['a list']]) {
    test(`${JSON.stringify(given)} is refused`, async (t) => {
      const { hf } = await openPlace(t, { workflows: [child] })
      await hf.start(child, 1, { id: 'r' })
      await hf.idle()
      const head = hf.log.head()
      const wrong = given as never
      const asked: Record<string, () => Promise<unknown>> = {
        start: () => hf.start(child, 1, wrong),
        'start of nothing': () => hf.start(wrong, 1),
        call: () => hf.call(child as never, 1 as never, wrong),
        fork: () => hf.fork('r', wrong),
        whatIf: () => hf.whatIf(wrong),
        emit: () => hf.emit(wrong),
      }
      for (const [what, ask] of Object.entries(asked)) {
        await assert.rejects(ask(), { code: 'INPUT_INVALID' }, what)
      }
      assert.deepEqual(hf.log.head(), head, 'nothing is on record of it')
    })
  }

  test('what is left out is not missed', async (t) => {
    const { hf } = await openPlace(t, { workflows: [child] })
    assert.equal(await (await hf.start(child, 1, undefined)).result(), 1)
    await hf.emit({ kind: 'k' })
    await hf.whatIf()
  })
})
