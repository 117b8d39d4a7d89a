import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../kernel/random.ts'
import { type Drift, driftAfter, driftOf, hasDrifted, NO_DRIFT } from './drift.ts'

const EVERY = 1_000

function answersToAlarm(rate: number, tolerance: number, seed: string, most: number): number {
  let drift = NO_DRIFT
  for (let n = 1; n <= most; n += 1) {
    drift = driftAfter(drift, seededRandom('drift', seed, n) < rate, tolerance)
    if (hasDrifted(drift, EVERY)) return n
  }
  return most
}

const times = (count: number, run: (i: number) => number) => Array.from({ length: count }, (_, i) => run(i))
const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

describe('drift', () => {
  test('the sum grows by at most 1 an answer on average while the rate is tolerated', () => {
    const rates = fc.double({ min: 0.005, max: 0.99, noNaN: true })
    const sums = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(
        sums,
        rates,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (drift: Drift, tolerance, part) => {
          const rate = part * tolerance
          const expected =
            rate * driftOf(driftAfter(drift, true, tolerance)) +
            (1 - rate) * driftOf(driftAfter(drift, false, tolerance))
          assert.ok(expected <= (driftOf(drift) + 1) * (1 + 1e-9))
          const right = driftAfter(drift, false, tolerance)
          assert.ok(
            right.every((sum) => sum > 0),
            'one answer that was right refutes nothing',
          )
        },
      ),
    )
  })

  test('at the tolerance a false alarm comes after 1,000 answers on average at the soonest', () => {
    for (const tolerance of [0.02, 0.1]) {
      const ends = times(60, (i) => answersToAlarm(tolerance, tolerance, `null ${tolerance} ${i}`, 6_000))
      assert.ok(mean(ends) >= EVERY, `${tolerance}: ${mean(ends)}`)
    }
  })

  test('an agent that makes five times as many errors is noticed within a few dozen answers', () => {
    const ends = times(101, (i) => answersToAlarm(0.1, 0.02, `worse ${i}`, 6_000))
    assert.ok(median(ends) <= 60, `median ${median(ends)}`)
  })

  test('three errors in a row are enough at a tolerance of 2 %, two are not', () => {
    const after = (errors: number) =>
      Array.from({ length: errors }).reduce<Drift>((drift) => driftAfter(drift, true, 0.02), NO_DRIFT)
    assert.equal(hasDrifted(after(2), EVERY), false)
    assert.equal(hasDrifted(after(3), EVERY), true)
  })
})
