import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenLength, spokenPrice, spokenTime } from './measures.ts'

test('times are spoken in the time zone', () => {
  const time = Date.UTC(2026, 10, 23, 23, 24, 5)
  assert.equal(spokenTime(time, 'UTC'), '2026-11-23 23:24:05')
  assert.equal(spokenTime(time, 'Europe/Berlin'), '2026-11-24 00:24:05')
})

test('lengths of time have their two largest units', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [59_999, '59 s'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [3 * 86_400_000 + 2 * 3_600_000 + 59_000, '3 d 2 h'],
  ]
  for (const [ms, spoken] of cases) assert.equal(spokenLength(ms), spoken)
})

test('small prices keep their digits', () => {
  assert.equal(spokenPrice(0), '$0.00')
  assert.equal(spokenPrice(2_100), '$0.0021')
  assert.equal(spokenPrice(1_234_567), '$1.23')
})
