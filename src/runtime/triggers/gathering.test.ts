/** Debounce and batches: which events go into one run is the same whenever somebody was there to look at them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openPlace, type Place, turns } from '../../apps/testing/place.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { onSaid, say, saying, told } from './testing/saying.ts'

const MINUTE_MS = 60_000

/** Lets time pass, and what is due by then be done. */
async function pass(place: Place, ms: number): Promise<void> {
  place.clock.advance(ms)
  await turns()
  await place.hf.idle()
}

describe('debounce', () => {
  test('one run for all events of a key, when it has been quiet for long enough', async (t) => {
    const place = await openPlace(t, saying({ debounce: '5m' }))
    await say(place, 'a1', 'a')
    await pass(place, 4 * MINUTE_MS)
    await say(place, 'a2', 'a')
    await say(place, 'b1', 'b')
    await pass(place, 4 * MINUTE_MS)
    await say(place, 'a3', 'a')
    await pass(place, MINUTE_MS - 1)
    assert.deepEqual(told(place.hf), [])
    assert.equal(place.hf.triggers.list()[0]?.gathered, 4)
    await pass(place, 1)
    assert.deepEqual(told(place.hf), ['b1'])
    await pass(place, 4 * MINUTE_MS)
    assert.deepEqual(told(place.hf), ['b1', 'a1 a2 a3'])
    assert.equal(place.hf.triggers.list()[0]?.gathered, 0)
    assert.equal(place.clock.pending, 0)
  })

  test('at most so long after the first event', async (t) => {
    const place = await openPlace(t, saying({ debounce: { quiet: '5m', atMost: '10m' } }))
    for (let n = 1; n <= 5; n += 1) {
      await say(place, `a${n}`)
      await pass(place, 3 * MINUTE_MS)
    }
    assert.deepEqual(told(place.hf), ['a1 a2 a3 a4'])
    await pass(place, 5 * MINUTE_MS)
    assert.deepEqual(told(place.hf), ['a1 a2 a3 a4', 'a5'])
  })

  test('goes on over a restart, and ends while nobody is there', async (t) => {
    const place = await openPlace(t, saying({ debounce: '5m' }))
    await say(place, 'a1')
    await pass(place, MINUTE_MS)
    await place.reopen()
    await say(place, 'a2')
    await pass(place, 4 * MINUTE_MS)
    assert.deepEqual(told(place.hf), [])
    await place.close()
    place.clock.advance(60 * MINUTE_MS)
    await place.open()
    await turns()
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['a1 a2'])
  })

  test('of what came while it was absent, the pauses count as if it had been there', async (t) => {
    const place = await openPlace(t, saying({ debounce: '5m' }))
    await say(place, 'a1')
    await place.hf.idle()
    await place.reopen({ triggers: [] })
    await pass(place, 4 * MINUTE_MS)
    await say(place, 'a2')
    await pass(place, 5 * MINUTE_MS)
    await say(place, 'a3')
    await pass(place, 6 * MINUTE_MS)
    await say(place, 'a4')
    await place.reopen({ triggers: [onSaid({ debounce: '5m' })] })
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['a1 a2', 'a3'])
    await pass(place, 5 * MINUTE_MS)
    assert.deepEqual(told(place.hf), ['a1 a2', 'a3', 'a4'])
  })

  test('what is due waits until all that came before it is looked at', async (t) => {
    const place = await openPlace(t, saying({ debounce: '5m' }))
    await say(place, 'a1')
    await place.hf.idle()
    await place.reopen({ triggers: [] })
    const noise = { kind: 'noise.made', actor: 'test', label: SYSTEM, body: {} }
    const events = Array.from({ length: 2_500 }, () => noise)
    await place.hf.log.append([{ stream: 'noise', expectedVersion: 'any', events }])
    await pass(place, 4 * MINUTE_MS)
    await say(place, 'a2')
    await pass(place, 5 * MINUTE_MS)
    await place.reopen({ triggers: [onSaid({ debounce: '5m' })] })
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['a1 a2'])
  })

  test('by a key of its own', async (t) => {
    const place = await openPlace(t, saying({ debounce: '5m', key: ({ data }) => String(data).slice(0, 1) }))
    for (const word of ['ada', 'bo', 'alan']) await say(place, word)
    await pass(place, 5 * MINUTE_MS)
    assert.deepEqual(told(place.hf).sort(), ['ada alan', 'bo'])
  })
})

describe('batch', () => {
  test('one run for each full batch of a key', async (t) => {
    const place = await openPlace(t, saying({ batch: { max: 3, within: '1h' } }))
    for (let n = 1; n <= 7; n += 1) await say(place, `a${n}`, 'a')
    await say(place, 'b1', 'b')
    await place.hf.idle()
    assert.deepEqual(told(place.hf), ['a1 a2 a3', 'a4 a5 a6'])
    await pass(place, 60 * MINUTE_MS)
    assert.deepEqual(told(place.hf).slice(2).sort(), ['a7', 'b1'])
  })

  test('or for what has come within the time, over a restart', async (t) => {
    const place = await openPlace(t, saying({ batch: { max: 3, within: '1h' } }))
    await say(place, 'a1')
    await pass(place, 30 * MINUTE_MS)
    await say(place, 'a2')
    await place.reopen()
    await pass(place, 29 * MINUTE_MS)
    assert.deepEqual(told(place.hf), [])
    await pass(place, MINUTE_MS)
    assert.deepEqual(told(place.hf), ['a1 a2'])
  })

  test('of many keys and sizes, each event goes into one run', async (t) => {
    const place = await openPlace(t, saying({ batch: { max: 7, within: '1h' } }))
    const words = Array.from({ length: 700 }, (_, n) => `w${n}`)
    await Promise.all(words.map((word, n) => say(place, word, `k${(n * n) % 11}`)))
    await pass(place, 60 * MINUTE_MS)
    assert.deepEqual(told(place.hf).join(' ').split(' ').sort(), words.sort())
    assert.ok(told(place.hf).every((run) => run.split(' ').length <= 7))
  })
})

test('what fails together is set aside together, and retried together', async (t) => {
  let fails = true
  const place = await openPlace(
    t,
    saying({
      batch: { max: 2, within: '1h' },
      input: (events) => {
        if (fails) throw new Error('no')
        return { said: events.map(({ data }) => String(data)) }
      },
    }),
  )
  for (const word of ['one', 'two', 'three']) await say(place, word)
  await place.hf.idle()
  const [aside] = place.hf.triggers.list()[0]?.setAside ?? []
  assert.equal(aside?.positions.length, 2)
  assert.equal(place.hf.triggers.list()[0]?.gathered, 1)
  fails = false
  await place.hf.triggers.retry('saying', aside?.position ?? 0)
  assert.deepEqual(told(place.hf), ['one two'])
  assert.equal(place.hf.triggers.list()[0]?.gathered, 1, 'what is gathered meanwhile stays')
})

test('a trigger that gathers no longer hands over what was gathered', async (t) => {
  const place = await openPlace(t, saying({ debounce: '5m' }))
  await say(place, 'a1')
  await place.hf.idle()
  await place.reopen({ triggers: [onSaid()] })
  await say(place, 'a2')
  await pass(place, 5 * MINUTE_MS)
  assert.deepEqual(told(place.hf), ['a2', 'a1'])
})
