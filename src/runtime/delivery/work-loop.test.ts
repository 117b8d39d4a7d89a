import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turns } from '../../apps/testing/place.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { ManualClock } from '../../ports/testing/manual-clock.ts'
import { WorkLoop } from './work-loop.ts'

/** A loop whose turns are ended by hand. */
function loop() {
  const clock = new ManualClock()
  const turnsLeft: PromiseWithResolvers<boolean>[] = []
  const told = { begun: 0, atOnce: 0, most: 0, refused: 0 }
  const made = new WorkLoop(clock, {
    async turn() {
      told.begun += 1
      told.atOnce += 1
      told.most = Math.max(told.most, told.atOnce)
      const end = Promise.withResolvers<boolean>()
      turnsLeft.push(end)
      try {
        return await end.promise
      } finally {
        told.atOnce -= 1
      }
    },
    refused: () => {
      told.refused += 1
    },
  })
  const end = async (more = false): Promise<void> => {
    turnsLeft.shift()?.resolve(more)
    await turns(2)
  }
  const fail = async (code: 'LOG_CONFLICT' | 'LOG_CLOSED' | 'LOG_WRITE_FAILED'): Promise<void> => {
    turnsLeft.shift()?.reject(new HoldfastError(code, 'refused'))
    await turns(2)
  }
  return { clock, told, end, fail, loop: made }
}

test('does one turn at a time, and one more for all that came in between', async () => {
  const { loop: work, told, end } = loop()
  for (let n = 0; n < 3; n += 1) work.wake()
  assert.equal(told.begun, 1)
  for (let n = 0; n < 3; n += 1) work.wake()
  await end()
  assert.equal(told.begun, 2)
  await end()
  assert.deepEqual([told.begun, told.most], [2, 1])
  assert.equal(await work.idle(), false)
})

test('goes on by itself as long as a turn says that there may be more', async () => {
  const { loop: work, told, end } = loop()
  work.wake()
  await end(true)
  assert.equal(told.begun, 2)
  const idle = work.idle()
  await end()
  assert.equal(await idle, true)
})

test('looks again at once when somebody was quicker', async () => {
  const { loop: work, told, fail, clock } = loop()
  work.wake()
  await fail('LOG_CONFLICT')
  assert.deepEqual([told.begun, told.refused, clock.pending], [2, 1, 0])
})

test('a store that refuses is left alone for a second, whoever wakes it', async () => {
  const { loop: work, told, fail, clock } = loop()
  work.wake()
  await fail('LOG_WRITE_FAILED')
  work.wake()
  await turns(2)
  assert.equal(told.begun, 1)
  clock.advance(999)
  assert.equal(told.begun, 1)
  clock.advance(1)
  assert.equal(told.begun, 2)
})

test('a closed log is not asked again; neither is one of a loop that is closed', async () => {
  const one = loop()
  one.loop.wake()
  await one.fail('LOG_CLOSED')
  assert.deepEqual([one.told.begun, one.clock.pending], [1, 0])

  const other = loop()
  other.loop.wake()
  other.loop.wake()
  const closed = other.loop.close()
  await other.fail('LOG_WRITE_FAILED')
  await closed
  other.loop.wake()
  assert.deepEqual([other.told.begun, other.clock.pending], [1, 0])
})

test('closing calls off the pause', async () => {
  const { loop: work, fail, clock } = loop()
  work.wake()
  await fail('LOG_WRITE_FAILED')
  assert.equal(clock.pending, 1)
  await work.close()
  assert.equal(clock.pending, 0)
})
