/** That the simulation finds what it is for, and that a seed is the same each time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUGS } from './bugs.ts'
import { simulate } from './simulation.ts'

/** Seeds after which a planted bug must have been found. */
const MOST_SEEDS = 150

test('a sample of seeds violates nothing', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    assert.equal((await simulate(seed)).violation?.message, undefined, `seed ${seed}`)
  }
})

test('the same seed leaves the same events, another seed others', async () => {
  const hashes = new Set<string>()
  for (const seed of [11, 12, 13]) {
    const [first, again] = [await simulate(seed), await simulate(seed)]
    assert.deepEqual(again, first)
    hashes.add(first.hash)
  }
  assert.equal(hashes.size, 3)
})

for (const { what, wiring, noticed } of BUGS) {
  test(`finds out when ${what}`, async (t) => {
    for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
      const { violation } = await simulate(seed, { wiring })
      if (violation === null) continue
      t.diagnostic(`seed ${seed}: ${violation.message}`)
      assert.ok(noticed.includes(violation.invariant), `seed ${seed}: ${violation.message}`)
      return
    }
    assert.fail(`${MOST_SEEDS} seeds, and nothing noticed`)
  })
}
