/** An attempt that passed its time limit may still be under way outside. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { defineWorkflow } from '../../kernel/workflow.ts'
import { Outside, type OutsideOptions } from '../testing/outside.ts'

const letter = defineWorkflow({
  name: 'letter',
  version: 1,
  input: z.any(),
  output: z.any(),
  run: (ctx) => ctx.act('send', 'post.send', 1),
})

interface Late {
  readonly place: Place
  readonly outside: Outside
  /** Lets the first attempt go on outside. */
  readonly goOn: (error?: Error) => void
}

/** The first attempt has passed its limit of 5 seconds and is still under way. */
async function late(t: TestContext, manifest: OutsideOptions['manifest'] = {}): Promise<Late> {
  const first = Promise.withResolvers<void>()
  const outside = new Outside({
    manifest: { timeoutMs: 5_000, ...manifest },
    onPerform: (_, { attempt }) => (attempt === 1 ? first.promise : undefined),
  })
  const place = await openPlace(t, { workflows: [letter], connectors: [outside.connector] })
  await place.hf.start(letter, null, { id: 'r' })
  await turns()
  place.clock.advance(5_000)
  await turns()
  assert.equal(place.kinds('r').at(-1), 'effect.unknown')
  assert.equal(outside.lookups, 0, 'not asked while it may come back')
  const goOn = (error?: Error): void => (error === undefined ? first.resolve() : first.reject(error))
  return { place, outside, goOn }
}

test('it comes back, done: that is the outcome, and it is not done again', async (t) => {
  const { place, outside, goOn } = await late(t)
  place.clock.advance(4_000)
  goOn()
  assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  assert.deepEqual([outside.done.length, outside.calls.length, outside.lookups], [1, 1, 0])
})

for (const [code, output, calls] of [
  ['CONNECTOR_UNAVAILABLE', { receipt: 1 }, 1],
  ['CONNECTOR_REFUSED', 'CONNECTOR_REFUSED', 0],
] as const) {
  test(`it comes back with ${code}: it was not done, and nobody is asked`, async (t) => {
    const { place, outside, goOn } = await late(t)
    goOn(new HoldfastError(code, 'not me'))
    const outcome = await place.outcome('r').catch((error) => error.code)
    assert.deepEqual(outcome, output)
    assert.deepEqual([outside.calls.length, outside.lookups], [calls, 0])
  })
}

test('it comes back unclear: the connector is asked, and believed', async (t) => {
  const { place, outside, goOn } = await late(t)
  goOn(new Error('the line broke'))
  assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  assert.deepEqual([outside.done.length, outside.lookups], [1, 1])
})

test('it does not come back: that it was not done so far proves nothing, and the operator is asked', async (t) => {
  const { place, outside, goOn } = await late(t)
  place.clock.advance(10_000)
  await turns()
  await place.hf.idle()
  const [question] = place.hf.reviews()
  assert.match(question?.reason ?? '', /so far it was not, but its attempt .* has not come back/)
  assert.equal(outside.lookups, 1)
  goOn()
  await turns()
  await place.hf.answer(question?.id ?? '', { verdict: 'approved' })
  await place.outcome('r')
  assert.equal(outside.done.length, 1)
})

test('it does not come back, and a repeat does no harm: it is repeated', async (t) => {
  const { place, outside, goOn } = await late(t, { idempotency: 'key' })
  place.clock.advance(10_000)
  await turns()
  assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  assert.deepEqual([outside.done.length, place.hf.reviews()], [1, []])
  goOn()
})

test('the next process has no attempt of the one before under way: the connector is believed', async (t) => {
  const { place, outside } = await late(t)
  const closing = place.reopen()
  await turns()
  place.clock.advance(20_000)
  await closing
  assert.deepEqual(await place.outcome('r'), { receipt: 1 })
  assert.deepEqual([outside.done.length, outside.lookups], [1, 1])
})
