import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../kernel/random.ts'
import { crossReliability, fitCalibration, LEAST_FOR_ISOTONIC, LEAST_FOR_PLATT } from './calibration.ts'
import { fitIsotonic } from './isotonic.ts'
import { fitPlatt } from './platt.ts'
import { type Judged, reliabilityOf } from './reliability.ts'

/** An agent that says `said` where it is right in `truth(said)` of all cases. */
function agent(count: number, truth: (said: number) => number, seed = 'agent'): Judged[] {
  return Array.from({ length: count }, (_, i) => {
    const confidence = Math.round((0.5 + seededRandom(seed, 'said', i) / 2) * 100) / 100
    return { confidence, right: seededRandom(seed, 'right', i) < truth(confidence) }
  })
}

const tooSure = (said: number) => said * said

const judged = fc.array(
  fc.record({ confidence: fc.double({ min: 0, max: 1, noNaN: true }), right: fc.boolean() }),
  { minLength: 1, maxLength: 120 },
)
const points = [0, 0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 1]

describe('calibration', () => {
  for (const [name, fit] of [
    ['isotonic', fitIsotonic],
    ['Platt', fitPlatt],
  ] as const) {
    test(`${name}: never certain, never falling, whatever the outcomes`, () => {
      fc.assert(
        fc.property(judged, (outcomes) => {
          const of = fit(outcomes)
          const values = points.map(of)
          for (const value of values) assert.ok(value > 0 && value < 1, String(value))
          for (const [i, value] of values.slice(1).entries()) assert.ok(value >= (values[i] ?? 1) - 1e-9)
        }),
      )
    })

    test(`${name}: outcomes that a line can tell apart leave some doubt all the same`, () => {
      const wrong = Array.from({ length: 6 }, () => ({ confidence: 0, right: false }))
      const of = fit([{ confidence: 0.001009263621361449, right: true }, ...wrong])
      for (const value of points.map(of)) assert.ok(value > 0 && value < 1, String(value))
    })

    test(`${name}: an agent that is too sure of itself is taken at its worth`, () => {
      const of = fit(agent(2_000, tooSure))
      for (const said of [0.6, 0.75, 0.9]) {
        assert.ok(Math.abs(of(said) - tooSure(said)) < 0.08, `${said}: ${of(said)}, not ${tooSure(said)}`)
      }
    })
  }

  test('isotonic regression pools what falls, and nothing else', () => {
    const outcomes = [
      ...Array.from({ length: 8 }, () => ({ confidence: 0.2, right: false })),
      ...Array.from({ length: 8 }, (_, i) => ({ confidence: 0.5, right: i < 6 })),
      ...Array.from({ length: 8 }, (_, i) => ({ confidence: 0.6, right: i < 2 })),
      ...Array.from({ length: 8 }, () => ({ confidence: 0.9, right: true })),
    ]
    const of = fitIsotonic(outcomes)
    assert.equal(of(0.2), 1 / 10)
    assert.equal(of(0.5), 9 / 18)
    assert.equal(of(0.55), 9 / 18)
    assert.equal(of(0.6), 9 / 18)
    assert.equal(of(0.9), 9 / 10)
  })

  test('with few outcomes the confidence stays as it is; with some there is a curve, with many steps', () => {
    const some = agent(LEAST_FOR_ISOTONIC, tooSure)
    const few = fitCalibration(some.slice(0, LEAST_FOR_PLATT - 1))
    assert.deepEqual([few.method, few.of(0.83)], ['none', 0.83])
    assert.equal(fitCalibration(some.slice(0, LEAST_FOR_PLATT)).method, 'platt')
    assert.equal(fitCalibration(some).method, 'isotonic')
    assert.equal(crossReliability(some.slice(0, LEAST_FOR_PLATT - 1)), null)
  })

  for (const count of [150, 1_500]) {
    test(`on outcomes that it was not fitted to it is nearer to the truth, with ${count}`, () => {
      const outcomes = agent(count, tooSure, `cross ${count}`)
      const [raw, calibrated] = [reliabilityOf(outcomes), crossReliability(outcomes)]
      assert.ok((calibrated?.ece ?? 1) < (raw.ece ?? 0) / 2, `${calibrated?.ece} after ${raw.ece}`)
      assert.ok((calibrated?.brier ?? 1) < (raw.brier ?? 0))
    })
  }
})

test('the data of a reliability diagram, by hand', () => {
  const { bins, ece, brier } = reliabilityOf([
    { confidence: 0.9, right: true },
    { confidence: 0.95, right: false },
    { confidence: 1, right: true },
    { confidence: 0.1, right: false },
  ])
  assert.equal(bins.length, 10)
  const last = bins[9]
  assert.deepEqual([last?.from, last?.to, last?.count, last?.right], [0.9, 1, 3, 2 / 3])
  assert.ok(Math.abs((last?.confidence ?? 0) - 0.95) < 1e-12)
  assert.deepEqual(bins[1], { from: 0.1, to: 0.2, count: 1, confidence: 0.1, right: 0 })
  assert.deepEqual(bins[4], { from: 0.4, to: 0.5, count: 0, confidence: null, right: null })
  assert.ok(Math.abs((ece ?? 0) - (3 * (0.95 - 2 / 3) + 0.1) / 4) < 1e-12)
  assert.ok(Math.abs((brier ?? 0) - (0.01 + 0.9025 + 0 + 0.01) / 4) < 1e-12)
  const empty = reliabilityOf([])
  assert.deepEqual([empty.ece, empty.brier, empty.bins.length], [null, null, 10])
})
