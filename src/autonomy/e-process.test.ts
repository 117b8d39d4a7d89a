import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../kernel/random.ts'
import { answersMissing, eValue, isShown, type Tally, upperBound } from './e-process.ts'

const ALPHA = 0.05
const TOLERANCE = 0.02
const REVIEWS = 1_500

/** The number of reviews at which so many errors pass, for each number of errors; by any rule that looks at both. */
type Rule = (tally: Tally) => boolean

/** Looks after every review; the number of the review at which it first passes, null when it never does. */
function firstPass(passes: Rule, rate: number, chance: () => number): number | null {
  let errors = 0
  for (let reviews = 1; reviews <= REVIEWS; reviews += 1) {
    if (chance() < rate) errors += 1
    if (passes({ reviews, errors })) return reviews
  }
  return null
}

/** The same rule, asked once for each pair. */
function remembered(passes: Rule): Rule {
  const known = new Map<number, boolean>()
  return ({ reviews, errors }) => {
    const key = reviews * (REVIEWS + 1) + errors
    const found = known.get(key) ?? passes({ reviews, errors })
    known.set(key, found)
    return found
  }
}

function simulate(passes: Rule, rate: number, histories: number, seed: string): (number | null)[] {
  const rule = remembered(passes)
  return Array.from({ length: histories }, (_, i) => {
    const chance = xorshift(seededRandom('autonomy', `${seed} ${rate}`, i))
    return firstPass(rule, rate, chance)
  })
}

/** Quick chance for a whole history, begun by the seeded one. */
function xorshift(start: number): () => number {
  let x = Math.floor(start * 0xffffffff) || 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) / 0x100000000
  }
}

/** Chance that the rule ever passes within the reviews, computed over all histories, and the median of when. */
function exactly(passes: Rule, rate: number): { readonly everPasses: number; readonly median: number } {
  const rule = remembered(passes)
  let [everPasses, median] = [0, Number.POSITIVE_INFINITY]
  let open = new Map([[0, 1]])
  for (let reviews = 1; reviews <= REVIEWS; reviews += 1) {
    const next = new Map<number, number>()
    for (const [errors, chance] of open) {
      for (const [more, part] of [
        [0, 1 - rate],
        [1, rate],
      ] as const) {
        const sum = errors + more
        if (chance * part < 1e-15) continue
        if (rule({ reviews, errors: sum })) everPasses += chance * part
        else next.set(sum, (next.get(sum) ?? 0) + chance * part)
      }
    }
    open = next
    if (everPasses >= 0.5) median = Math.min(median, reviews)
  }
  return { everPasses, median }
}

const eProcess: Rule = (tally) => isShown(tally, TOLERANCE, ALPHA)

/** Upper bound of Wilson at 95 %, meant for one look at a number of reviews that was fixed before. */
const wilson: Rule = ({ reviews: n, errors }) => {
  const z = 1.6449
  const p = errors / n
  const middle = p + (z * z) / (2 * n)
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  return (middle + spread) / (1 + (z * z) / n) <= TOLERANCE
}

/** Upper bound of Clopper and Pearson at 95 %: at the tolerance, so few errors would come in 5 % of all cases. */
const clopperPearson: Rule = ({ reviews: n, errors }) => {
  let [term, sum] = [(1 - TOLERANCE) ** n, 0]
  for (let k = 0; k <= errors; k += 1) {
    sum += term
    term *= ((n - k) / (k + 1)) * (TOLERANCE / (1 - TOLERANCE))
  }
  return sum <= ALPHA
}

const passed = (ends: readonly (number | null)[]) =>
  ends.filter((end) => end !== null).length / Math.max(1, ends.length)
const middle = (ends: readonly (number | null)[]) =>
  ends.map((end) => end ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b)[Math.floor(ends.length / 2)] ??
  Number.NaN

describe('promotion by evidence, looked at after every one of 1,500 reviews', () => {
  test('an error rate at the tolerance is promoted in at most 5 % of all histories', () => {
    const ends = simulate(eProcess, TOLERANCE, 4_000, 'null')
    assert.ok(passed(ends) <= 0.05, `${passed(ends)} of the histories`)
    assert.ok(exactly(eProcess, TOLERANCE).everPasses <= 0.05)
  })

  test('so it is for every tolerance, and the less the worse the agent is', () => {
    for (const tolerance of [0.01, 0.05, 0.1, 0.25]) {
      const rule: Rule = (tally) => isShown(tally, tolerance, ALPHA)
      const [at, above] = [tolerance, 1.5 * tolerance].map((rate) => exactly(rule, rate).everPasses)
      assert.ok((at ?? 1) <= 0.05 && (above ?? 1) < (at ?? 1), `${tolerance}: ${at}, ${above}`)
    }
  })

  test('a quarter of it is promoted in at least 95 %, half of them within 330 reviews', () => {
    const ends = simulate(eProcess, TOLERANCE / 4, 4_000, 'good')
    assert.ok(passed(ends) >= 0.95, `${passed(ends)} of the histories`)
    assert.ok(middle(ends) <= 330, `median ${middle(ends)}`)
    const { everPasses, median } = exactly(eProcess, TOLERANCE / 4)
    assert.ok(everPasses >= 0.95 && median <= 330, `${everPasses}, median ${median}`)
  })

  for (const [name, rule] of [
    ['Wilson', wilson],
    ['Clopper and Pearson', clopperPearson],
  ] as const) {
    test(`the bound of ${name} for one look fails the same test`, () => {
      const ends = simulate(rule, TOLERANCE, 4_000, 'null')
      assert.ok(passed(ends) > 0.1, `${passed(ends)} of the histories`)
      assert.ok(exactly(rule, TOLERANCE).everPasses > 0.1)
    })
  }
})

const tallies = fc
  .record({ reviews: fc.integer({ min: 0, max: 2_000 }), part: fc.double({ min: 0, max: 0.3, noNaN: true }) })
  .map(({ reviews, part }) => ({ reviews, errors: Math.floor(reviews * part) }))
const rates = fc.double({ min: 0.001, max: 0.5, noNaN: true })

describe('the e-process', () => {
  test('begins at 1', () => {
    fc.assert(
      fc.property(rates, (tolerance) => {
        assert.ok(Math.abs(eValue({ reviews: 0, errors: 0 }, tolerance) - 1) < 1e-12)
      }),
    )
  })

  test('is a supermartingale where the rate is the tolerance or more, and grows where it is a quarter', () => {
    fc.assert(
      fc.property(tallies, rates, fc.double({ min: 0, max: 1, noNaN: true }), (tally, tolerance, above) => {
        const now = eValue(tally, tolerance)
        const expected = (rate: number): number => {
          const { reviews, errors } = tally
          const right = eValue({ reviews: reviews + 1, errors }, tolerance)
          return rate * eValue({ reviews: reviews + 1, errors: errors + 1 }, tolerance) + (1 - rate) * right
        }
        const rate = tolerance + above * (1 - tolerance)
        assert.ok(expected(rate) <= now * (1 + 1e-9), `${expected(rate)} after ${now}`)
        if (now < 1e11)
          assert.ok(Math.abs(expected(tolerance) - now) <= now * 1e-9, 'at the tolerance it is a fair bet')
      }),
    )
    const good = { reviews: 400, errors: 2 }
    assert.ok(eValue({ reviews: 401, errors: 2 }, 0.02) > eValue(good, 0.02))
  })

  test('stays a number, however much speaks for it', () => {
    assert.equal(eValue({ reviews: 1_000_000, errors: 0 }, 0.5), 1e12)
  })

  test('depends on how many errors there were, not on their order or on when one looked', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), rates, (answers, tolerance) => {
        const count = (of: readonly boolean[]) => ({ reviews: of.length, errors: of.filter(Boolean).length })
        for (let looks = 0; looks < answers.length; looks += 7)
          eValue(count(answers.slice(0, looks)), tolerance)
        assert.equal(eValue(count(answers), tolerance), eValue(count(answers.toReversed()), tolerance))
      }),
    )
  })

  test('grows with the tolerance, so that its bound says the same as the test', () => {
    fc.assert(
      fc.property(tallies, rates, rates, (tally, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        assert.ok(eValue(tally, low) <= eValue(tally, high) * (1 + 1e-12))
        const bound = upperBound(tally, ALPHA)
        if (Math.abs(bound - a) > 1e-8) assert.equal(bound <= a, isShown(tally, a, ALPHA))
      }),
    )
  })
})

describe('the bound that is shown', () => {
  test('is 1 for nothing known, and comes down with answers that are right', () => {
    assert.equal(upperBound({ reviews: 0, errors: 0 }, ALPHA), 1)
    const bounds = [10, 50, 200, 1_000].map((reviews) => upperBound({ reviews, errors: 0 }, ALPHA))
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => b - a),
    )
    assert.ok((bounds.at(-1) ?? 1) < 0.005)
    assert.ok(upperBound({ reviews: 200, errors: 5 }, ALPHA) > (bounds[2] ?? 1))
  })

  test('holds at all times together in at least 95 % of all histories', () => {
    for (const rate of [0.01, 0.05, 0.2]) {
      const isBroken: Rule = (tally) => isShown(tally, rate, ALPHA)
      assert.ok(passed(simulate(isBroken, rate, 1_000, 'bound')) <= 0.05, `rate ${rate}`)
    }
  })
})

test('what is missing is how many answers without an error it takes', () => {
  for (const tally of [
    { reviews: 0, errors: 0 },
    { reviews: 120, errors: 1 },
    { reviews: 40, errors: 6 },
  ]) {
    const missing = answersMissing(tally, TOLERANCE, ALPHA)
    assert.ok(missing !== null && missing > 0)
    const after = (more: number) => ({ ...tally, reviews: tally.reviews + more })
    assert.ok(isShown(after(missing), TOLERANCE, ALPHA) && !isShown(after(missing - 1), TOLERANCE, ALPHA))
  }
  assert.equal(answersMissing({ reviews: 400, errors: 0 }, TOLERANCE, ALPHA), 0)
  assert.equal(answersMissing({ reviews: 100_000, errors: 50_000 }, TOLERANCE, ALPHA), null)
})
