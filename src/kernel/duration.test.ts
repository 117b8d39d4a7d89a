import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationMs } from './duration.ts'

test('a number is milliseconds, a text has a unit', () => {
  const cases: readonly [number | string, number][] = [
    [0, 0],
    [1500, 1500],
    ['500ms', 500],
    ['30s', 30_000],
    ['10 min', 600_000],
    ['1.5 hours', 5_400_000],
    ['3 days', 259_200_000],
    ['3D', 259_200_000],
    ['1w', 604_800_000],
    ['2 Milliseconds', 2],
    [' 1 week ', 604_800_000],
    ['1.25s', 1_250],
    ['1 millisecond', 1],
    ['2sec', 2_000],
    ['2 second', 2_000],
    ['2 seconds', 2_000],
    ['2 minute', 120_000],
    ['2 minutes', 120_000],
    ['1 hour', 3_600_000],
    ['1 day', 86_400_000],
    [1e15, 1e15],
  ]
  for (const [given, ms] of cases) assert.equal(durationMs(given), ms, String(given))
})

test('milliseconds are whole, so that a timer can be stored', () => {
  assert.equal(durationMs(1000 / 3), 333)
  assert.equal(durationMs('0.5ms'), 1)
})

for (const given of [
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e300,
  '',
  '5',
  'soon',
  '1 month',
  '-1s',
  '9e9w',
]) {
  test(`${JSON.stringify(given)} is not a length of time`, () => {
    assert.throws(() => durationMs(given), {
      code: 'INPUT_INVALID',
      details: { duration: given },
      fix: /unit/,
    })
  })
}

test('what is no number and no text is not a length of time either', () => {
  for (const given of [undefined, null, {}]) {
    assert.throws(() => durationMs(given as unknown as string), { code: 'INPUT_INVALID' })
  }
})
