/** A sample of the states that a crash may leave the files of a log in; `npm run crash-states` looks at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enumerate } from '../crash-states/enumerate.ts'
import { record } from '../crash-states/recording.ts'

if (process.platform === 'linux') {
  test('after a kill, a torn write or a loss of power, all that was acknowledged is there', async () => {
    const times = { kill: 1, torn: 1, power: 2 }
    const { states, failures } = await enumerate(record('full'), { times, every: 5, seed: 1 })
    assert.deepEqual(failures, [])
    assert.ok(states.kill > 100 && states.torn > 100 && states.power > 200, JSON.stringify(states))
  })

  test('with synchronous=NORMAL a loss of power loses what was acknowledged, and it is seen', async () => {
    const times = { kill: 1, torn: 0, power: 2 }
    const { failures } = await enumerate(record('normal'), { times, every: 10, seed: 1 })
    const manners = new Set(failures.map(({ manner }) => manner))
    assert.deepEqual([...manners], ['power'])
    assert.ok(failures.some(({ why }) => /were acknowledged/.test(why)))
  })
}
