import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BREAKER, countedFailures, openForMs } from './breaker.ts'

test('it opens for twice as long each time, up to a limit', () => {
  assert.deepEqual(
    [1, 2, 3, 5, 6, 1_000].map((times) => openForMs(BREAKER, times)),
    [30_000, 60_000, 120_000, 480_000, 900_000, 900_000],
  )
})

test('failures count within the window; one from a clock that was set back does not', () => {
  assert.deepEqual(
    countedFailures(BREAKER, [1_000, 40_000, 40_001, 100_000, 100_001], 100_000),
    [40_001, 100_000, 100_000],
  )
})
