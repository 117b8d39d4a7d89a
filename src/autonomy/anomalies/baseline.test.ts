import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AUTONOMY_DEFAULTS } from '../settings.ts'
import { baselineOf, excessOf, limitOf, medianOf, type Sample, type Scale } from './baseline.ts'

const { minimum, history, lower, quarantine } = AUTONOMY_DEFAULTS.anomalies
const LOWER = lower ?? 0
const QUARANTINE = quarantine ?? 0

const counted = (value: number): Sample => ({ value, of: 1 })
const sample = fc.record({ value: fc.nat(10_000), of: fc.constant(1) })
const rate = fc
  .integer({ min: 1, max: 200 })
  .chain((of) => fc.record({ value: fc.nat(of), of: fc.constant(of) }))
const scale = fc.constantFrom<Scale>('count', 'size', 'rate')
const samplesOf = (of: Scale): fc.Arbitrary<Sample[]> =>
  fc.array(of === 'rate' ? rate : sample, { minLength: 5, maxLength: 40 })

describe('a baseline', () => {
  test('does not depend on the order', () => {
    fc.assert(
      fc.property(
        scale.chain((of) => fc.tuple(fc.constant(of), samplesOf(of), fc.infiniteStream(fc.nat()))),
        ([of, samples, keys]) => {
          const shuffled = samples
            .map((one) => ({ one, key: keys.next().value ?? 0 }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ one }) => one)
          const near = (a: number, b: number) => Math.abs(a - b) < 1e-9
          const [first, second] = [baselineOf(of, samples), baselineOf(of, shuffled)]
          return (
            near(first.median, second.median) &&
            near(first.spread, second.spread) &&
            near(first.known, second.known)
          )
        },
      ),
    )
  })

  test('stays with two outliers, however far off, where those who are none could have it', () => {
    // Half of them at 10 and half at 20: no values in between have a wider spread.
    const widest = { count: 200, size: 2_600, rate: 0 }
    fc.assert(
      fc.property(
        fc.constantFrom<Scale>('count', 'size'),
        fc.array(fc.integer({ min: 10, max: 20 }).map(counted), { minLength: minimum, maxLength: history }),
        fc.array(fc.integer({ min: 0, max: 1_000_000_000 }).map(counted), { maxLength: 2 }),
        (of, samples, outliers) => {
          const clean = limitOf(baselineOf(of, samples), QUARANTINE)
          const spoilt = limitOf(baselineOf(of, [...samples, ...outliers]), QUARANTINE)
          return spoilt <= widest[of] && clean <= widest[of]
        },
      ),
    )
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
    assert.ok(mean([...Array.from({ length: 28 }, () => 15), 1e9, 1e9]) > 1e7, 'a mean would be')
  })

  test('finds what is at the limit, and nothing below it', () => {
    fc.assert(
      fc.property(
        scale.chain((of) => fc.tuple(fc.constant(of), samplesOf(of))),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 1, max: 8, noNaN: true }),
        ([of, samples], many, bound) => {
          const baseline = baselineOf(of, samples)
          const among = of === 'rate' ? many : 1
          const limit = limitOf(baseline, bound, among)
          if (!Number.isFinite(limit) || (of === 'rate' && limit > among)) return true
          const excess = (value: number) => excessOf(baseline, { value, of: among })
          const step = of === 'size' ? 0.01 * (limit + 1) : 1
          return excess(limit) >= bound - 1e-6 && (limit < 1 || excess(Math.max(0, limit - step)) < bound)
        },
      ),
    )
  })

  test('what has been three times is no anomaly; what has been twice is one', () => {
    const days = Array.from({ length: 28 }, () => counted(3))
    const after = (busy: number) =>
      excessOf(baselineOf('count', [...days, ...Array(busy).fill(counted(60))]), counted(62))
    assert.ok(after(2) >= QUARANTINE)
    assert.ok(after(3) < LOWER)
  })

  test('the median is that of the middle', () => {
    assert.deepEqual([medianOf([]), medianOf([3]), medianOf([9, 1]), medianOf([5, 1, 9])], [0, 3, 5, 5])
  })
})

/** Chance from a seed: the same histories every time. */
function chanceFrom(seed: bigint): () => number {
  let state = seed
  return () => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & ((1n << 64n) - 1n)
    return (Number(state >> 11n) + 0.5) / 2 ** 53
  }
}

const random = chanceFrom(4711n)
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
const gamma2 = () => -(Math.log(random()) + Math.log(random())) / 2
function poisson(mean: number): number {
  let left = Math.exp(-mean)
  for (let count = 0; ; count += 1) {
    left /= random()
    if (left >= 1) return count
  }
}
function failures(rate: number): Sample {
  const of = 5 + Math.floor(random() * 20)
  return { value: Array.from({ length: of }, random).filter((one) => one < rate).length, of }
}

/** How often of 1,000 judged windows it would be found, each with a past of its own. */
function alarms(of: Scale, draw: () => Sample, past: number): { lower: number; quarantine: number } {
  const windows = 2_000
  const found = { lower: 0, quarantine: 0 }
  for (let i = 0; i < windows; i += 1) {
    const baseline = baselineOf(of, Array.from({ length: past }, draw))
    const excess = excessOf(baseline, draw())
    if (excess >= LOWER) found.lower += 1
    if (excess >= QUARANTINE) found.quarantine += 1
  }
  return { lower: (found.lower / windows) * 1_000, quarantine: (found.quarantine / windows) * 1_000 }
}

/** A past that goes on as it was: how many false alarms in 1,000 windows, at the least past and at a whole one. */
const STATIONARY: readonly {
  readonly name: string
  readonly of: Scale
  readonly draw: () => Sample
  readonly most: readonly [number, number]
}[] = [
  ...[0.2, 1, 3, 20].map((mean) => ({
    name: `counts by chance, ${mean} on average`,
    of: 'count' as const,
    draw: () => counted(poisson(mean)),
    most: [1, 1] as const,
  })),
  {
    name: 'counts that come in bursts',
    of: 'count',
    draw: () => counted(poisson(10 * gamma2())),
    most: [12, 6],
  },
  {
    name: 'sizes within a factor of 2',
    of: 'size',
    draw: () => counted(1_000 * Math.exp(0.5 * normal())),
    most: [3, 2],
  },
  {
    name: 'sizes within a factor of 7',
    of: 'size',
    draw: () => counted(1_000 * Math.exp(normal())),
    most: [8, 3],
  },
  ...[0.01, 0.1, 0.5].map((one) => ({
    name: `${one * 100} % failures`,
    of: 'rate' as const,
    draw: () => failures(one),
    most: [2, 2] as const,
  })),
]

describe('false alarms among 1,000 windows of a past that goes on as it was', () => {
  for (const { name, of, draw, most } of STATIONARY) {
    for (const [i, past] of [minimum, history].entries()) {
      test(`${name}, of ${past} windows: at most ${most[i]} lowered, a third of that in quarantine`, () => {
        const found = alarms(of, draw, past)
        assert.ok(found.lower <= (most[i] ?? 0), `${found.lower} lowered`)
        assert.ok(found.quarantine <= (most[i] ?? 0) / 3 + 0.34, `${found.quarantine} in quarantine`)
      })
    }
  }
})

describe('ten times the usual is found within the same window', () => {
  for (const [mean, least] of [
    [3, 0.9],
    [10, 0.99],
    [50, 0.99],
  ] as const) {
    test(`${mean} on average: in quarantine in at least ${100 * least} of 100 windows`, () => {
      const found = Array.from({ length: 500 }, () => {
        const past = baselineOf(
          'count',
          Array.from({ length: minimum }, () => counted(poisson(mean))),
        )
        return excessOf(past, counted(poisson(10 * mean))) >= QUARANTINE
      })
      assert.ok(found.filter(Boolean).length >= 500 * least, `${found.filter(Boolean).length} of 500`)
    })
  }

  test('once or twice a day: ten are in quarantine or lowered, and so are fifty where there was nothing', () => {
    const past = (usual: number) =>
      baselineOf(
        'count',
        Array.from({ length: minimum }, () => counted(usual)),
      )
    assert.ok(excessOf(past(1), counted(10)) >= LOWER)
    assert.ok(excessOf(past(2), counted(20)) >= QUARANTINE)
    assert.equal(limitOf(past(0), QUARANTINE), 10)
    assert.equal(limitOf(past(0), LOWER), 7)
  })

  test('an amount of ten times the usual, where amounts differ by a factor of 2 or less', () => {
    const past = baselineOf(
      'size',
      Array.from({ length: minimum }, (_, i) => counted(50 + 4 * i)),
    )
    assert.ok(excessOf(past, counted(800)) >= QUARANTINE)
  })
})
