/** A paused trigger starts nothing; what is published meanwhile is kept, and goes the way it would have gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPlace, turns } from '../../apps/testing/place.ts'
import { kinds, onSaid, say, saying, told } from './testing/saying.ts'

const MINUTE_MS = 60_000

test('a paused trigger starts nothing, also over a restart; resumed, it goes on where it was', async (t) => {
  const place = await openPlace(t, saying())
  await say(place, 'before')
  await place.hf.idle()
  const paused = await place.hf.triggers.pause('saying')
  assert.deepEqual([paused.status, paused.isPaused], ['paused', true])
  await say(place, 'one')
  await place.hf.idle()
  await place.reopen()
  await say(place, 'two')
  await place.hf.idle()
  assert.deepEqual(told(place.hf), ['before'])
  assert.equal(place.hf.triggers.list()[0]?.status, 'paused')
  const resumed = await place.hf.triggers.resume('saying')
  assert.equal(resumed.status, 'active')
  await place.hf.idle()
  await say(place, 'three')
  await place.hf.idle()
  assert.deepEqual(told(place.hf), ['before', 'one', 'two', 'three'])
})

test('with `skip`, what was published meanwhile starts nothing', async (t) => {
  const place = await openPlace(t, saying())
  await place.hf.triggers.pause('saying')
  await say(place, 'meanwhile')
  await place.hf.triggers.resume('saying', { skip: true })
  await say(place, 'after')
  await place.hf.idle()
  assert.deepEqual(told(place.hf), ['after'])
})

test('pausing and resuming again changes nothing; a trigger that is not known is told', async (t) => {
  const place = await openPlace(t, saying())
  for (let n = 0; n < 2; n += 1) await place.hf.triggers.pause('saying')
  for (let n = 0; n < 2; n += 1) await place.hf.triggers.resume('saying')
  assert.deepEqual(kinds(place.hf), ['set', 'paused', 'resumed'])
  await assert.rejects(place.hf.triggers.pause('nobody'), { code: 'TRIGGER_UNKNOWN' })
  await assert.rejects(place.hf.triggers.resume('nobody'), { code: 'TRIGGER_UNKNOWN' })
})

test('paused in the middle of a flood, it has started what is on record by then and no more', async (t) => {
  const place = await openPlace(t, saying())
  const words = Array.from({ length: 1_200 }, (_, n) => `event ${n}`)
  const said = Promise.all(words.map((word) => say(place, word)))
  await turns(3)
  await place.hf.triggers.pause('saying')
  const { length } = told(place.hf)
  await said
  await place.hf.idle()
  assert.ok(length < words.length)
  assert.equal(told(place.hf).length, length)
  await place.hf.triggers.resume('saying')
  await place.hf.idle()
  assert.deepEqual(told(place.hf), words)
})

test('what it gathers is put together as if it had not been paused, and handed over when it is resumed', async (t) => {
  const place = await openPlace(t, saying({ debounce: '5m' }))
  const pass = async (minutes: number): Promise<void> => {
    place.clock.advance(minutes * MINUTE_MS)
    await turns()
    await place.hf.idle()
  }
  await say(place, 'a1')
  await pass(1)
  await place.hf.triggers.pause('saying')
  await pass(1)
  await say(place, 'a2')
  await pass(10)
  await say(place, 'b')
  await pass(10)
  assert.deepEqual(told(place.hf), [])
  await place.hf.triggers.resume('saying')
  await place.hf.idle()
  assert.deepEqual(told(place.hf), ['a1 a2', 'b'])
})

test('a trigger that this process does not define is paused all the same', async (t) => {
  const place = await openPlace(t, saying())
  await place.reopen({ triggers: [] })
  const { status, isPaused } = await place.hf.triggers.pause('saying')
  assert.deepEqual([status, isPaused], ['absent', true])
  await say(place, 'meanwhile')
  await place.reopen({ triggers: [onSaid()] })
  await place.hf.idle()
  assert.deepEqual(told(place.hf), [])
  await place.hf.triggers.resume('saying')
  await place.hf.idle()
  assert.deepEqual(told(place.hf), ['meanwhile'])
})
