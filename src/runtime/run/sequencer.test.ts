import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sequencer } from './sequencer.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A sequencer, what it has delivered, and how often it came to rest. */
function sequence() {
  const seen: (number | 'quiet')[] = []
  const sequencer = new Sequencer(() => seen.push('quiet'))
  const push = (...versions: number[]): void => {
    for (const version of versions) sequencer.push(version, () => seen.push(version))
  }
  return { sequencer, seen, push }
}

test('what is asked for while the code runs is delivered in the order of the journal', async () => {
  const { sequencer, seen, push } = sequence()
  sequencer.begin()
  push(3, 1, 2)
  assert.deepEqual(seen, [])
  for (let i = 0; i < 6; i += 1) await turn()
  assert.deepEqual(seen, [1, 2, 3, 'quiet'])
})

test('one a turn: what the first leads to is asked for before the second arrives', async () => {
  const seen: string[] = []
  const sequencer = new Sequencer(() => seen.push('quiet'))
  sequencer.begin()
  sequencer.push(9, () => seen.push('late'))
  sequencer.push(1, () => {
    seen.push('first')
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => sequencer.push(5, () => seen.push('what follows from it')))
  })
  for (let i = 0; i < 6; i += 1) await turn()
  assert.deepEqual(seen, ['first', 'what follows from it', 'late', 'quiet'])
})

test('at rest, an outcome is delivered at once, and rest is told again', async () => {
  const { sequencer, seen, push } = sequence()
  assert.ok(sequencer.idle)
  push(4)
  assert.deepEqual([seen.join(), sequencer.idle], ['4', false])
  await turn()
  await turn()
  assert.deepEqual(seen, [4, 'quiet'])
})

test('stopped, it delivers nothing more', async () => {
  const { sequencer, seen, push } = sequence()
  sequencer.begin()
  push(1, 2)
  sequencer.stop()
  push(3)
  for (let i = 0; i < 4; i += 1) await turn()
  assert.deepEqual(seen, [])
})
