import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from './manual-clock.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('wakes in order of time, and what was called off not at all', () => {
  const clock = new ManualClock(0)
  const woken: string[] = []
  clock.wakeAt(30, () => woken.push('c'))
  clock.wakeAt(10, () => woken.push('a'))
  const callOff = clock.wakeAt(20, () => woken.push('b'))
  callOff()
  clock.advance(9)
  assert.deepEqual(woken, [])
  clock.advance(100)
  assert.deepEqual(woken, ['a', 'c'])
  assert.equal(clock.next(), false)
})

test('goes from alarm to alarm', () => {
  const clock = new ManualClock(0)
  clock.wakeAt(1_000, () => {})
  clock.after(500, () => {})
  assert.deepEqual([clock.next(), clock.now()], [true, 500])
  assert.deepEqual([clock.next(), clock.now()], [true, 1_000])
  assert.equal(clock.pending, 0)
})

test('an alarm for now wakes in the next turn', async () => {
  const clock = new ManualClock(0)
  let woken = false
  clock.wakeAt(0, () => {
    woken = true
  })
  assert.equal(woken, false)
  await turn()
  assert.equal(woken, true)
})

test('setting the time of day wakes alarms, but lets no time pass', () => {
  const clock = new ManualClock(0)
  const woken: string[] = []
  clock.wakeAt(100, () => woken.push('alarm'))
  clock.after(100, () => woken.push('delay'))
  clock.set(1_000)
  assert.deepEqual(woken, ['alarm'])
  clock.advance(100)
  assert.deepEqual(woken, ['alarm', 'delay'])
})
