/** The retry policy of one effect: it says how often what is surely not done is tried, and nothing else. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { codeOf, flow, verdict } from '../../apps/testing/one-run.ts'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import type { ActOptions } from '../../kernel/workflow.ts'
import { type Manner, Outside, type OutsideOptions } from '../testing/outside.ts'

async function posted(
  t: TestContext,
  retry: ActOptions['retry'],
  manners: readonly Manner[],
  options: OutsideOptions = {},
): Promise<{ outside: Outside; place: Place; output: unknown }> {
  const outside = new Outside({ breaker: { failures: 1_000 }, ...options })
  outside.manners.push(...manners)
  const workflow = flow((ctx) => ctx.act('send', 'post.send', {}, { retry: { ...retry } }))
  const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
  await place.hf.start(workflow, null, { id: 'r' })
  const output = await place.outcome('r').catch((error: unknown) => error)
  return { outside, place, output }
}

const DOWN: readonly Manner[] = Array.from({ length: 20 }, () => 'unavailable')

describe('the retry policy of an effect', () => {
  test('says how many attempts there are', async (t) => {
    const { outside, place, output } = await posted(t, { attempts: 3 }, DOWN)
    assert.equal(codeOf(output), 'CONNECTOR_UNAVAILABLE')
    assert.equal(outside.calls.length, 3)
    assert.deepEqual(
      place.bodies('r', 'attempt.failed').map(({ attempt, of }) => [attempt, of]),
      [
        [1, 3],
        [2, 3],
      ],
    )
    assert.equal(await verdict(place), 'same')
  })

  test('says which errors have none', async (t) => {
    const { outside } = await posted(t, { never: ['CONNECTOR_UNAVAILABLE'] }, DOWN)
    assert.equal(outside.calls.length, 1)
    const only = await posted(t, { only: ['OTHER'] }, DOWN)
    assert.equal(only.outside.calls.length, 1)
  })

  test('says how long there are attempts', async (t) => {
    const retry = { firstDelay: '1m', factor: 1, totalTime: '5m' }
    const { outside, place } = await posted(t, retry, DOWN)
    const tookMs = place.clock.now() - Number(place.events('r')[0]?.time)
    assert.ok(outside.calls.length >= 4 && tookMs > 200_000 && tookMs <= 300_000, `${tookMs} ms`)
  })

  test('says so across a restart', async (t) => {
    const outside = new Outside({ breaker: { failures: 1_000 } })
    outside.manners.push('unavailable')
    const workflow = flow((ctx) =>
      ctx.act('send', 'post.send', {}, { retry: { firstDelay: '1m', totalTime: '5m' } }),
    )
    const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    await place.close()
    place.clock.advance(300_001)
    await place.open()
    await assert.rejects(place.outcome('r'), { code: 'CONNECTOR_UNAVAILABLE', message: 'closed' })
    assert.equal(outside.calls.length, 1)
  })

  test('has no say in an unknown outcome: done is done', async (t) => {
    const { outside, output } = await posted(t, { attempts: 1 }, ['lost'])
    assert.deepEqual(output, { receipt: 1 })
    assert.deepEqual([outside.calls.length, outside.lookups], [1, 1])
  })

  test('one attempt is one, also when the first was surely not done', async (t) => {
    const { outside, output } = await posted(t, { attempts: 1 }, ['dropped'])
    assert.equal(codeOf(output), 'CONNECTOR_UNAVAILABLE')
    assert.deepEqual([outside.calls.length, outside.done.length], [1, 0])
  })

  test('what may have been done does not fail as if it had not: the operator is asked', async (t) => {
    const outside = new Outside({
      lookup: 'unknown',
      manifest: { effect: 'external', idempotency: 'key' },
    })
    outside.manners.push('lost')
    const workflow = flow((ctx) => ctx.act('send', 'post.send', {}, { retry: { attempts: 1 } }))
    const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.pass()
    assert.equal(place.hf.run('r').status(), 'waiting')
    assert.equal(outside.calls.length, 1)
    const [review] = place.hf.reviews()
    await place.hf.answer(review?.id ?? '', { verdict: 'rejected' })
    assert.deepEqual(
      await place.outcome('r'),
      { receipt: 2 },
      'by the word of the operator it is tried once more',
    )
  })

  test('a repeat that does no harm is made, however late: it may have been done', async (t) => {
    const outside = new Outside({
      lookup: 'unknown',
      manifest: { effect: 'external', idempotency: 'key' },
    })
    outside.manners.push('lost', 'lost')
    const retry = { firstDelay: '1m', totalTime: '5m' }
    const workflow = flow((ctx) => ctx.act('send', 'post.send', {}, { retry }))
    const place = await openPlace(t, { workflows: [workflow], connectors: [outside.connector] })
    await place.hf.start(workflow, null, { id: 'r' })
    await place.hf.idle()
    assert.equal(outside.calls.length, 2)
    await place.close()
    place.clock.advance(300_001)
    await place.open()
    assert.deepEqual(await place.outcome('r'), { receipt: 3 })
  })
})
