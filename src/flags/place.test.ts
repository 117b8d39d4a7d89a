import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeOf, shareAt } from './place.ts'

const flag = fc.stringMatching(/^[a-z][a-z.-]{0,30}$/)
const percent = fc.integer({ min: 0, max: 100 })

test('a place never changes: the same in every process and version', () => {
  assert.equal(placeOf('video', 'c-1').toFixed(6), '37.160112')
  assert.notEqual(placeOf('video', 'c-1'), placeOf('audio', 'c-1'))
})

test('a share is near its percentage, whatever the keys look like', () => {
  const keys: ((i: number) => string)[] = [
    (i) => `c-${i}`,
    (i) => `customer${i}@example.com`,
    (i) => `0198f${i.toString(16).padStart(8, '0')}-0000-7000-8000-000000000000`,
  ]
  fc.assert(
    fc.property(flag, percent, fc.constantFrom(...keys), (name, share, keyOf) => {
      const count = 2_000
      let inside = 0
      for (let i = 0; i < count; i += 1)
        if (shareAt({ on: share }, placeOf(name, keyOf(i))) === 'on') inside += 1
      // Four standard deviations and a half, at the widest.
      assert.ok(Math.abs((100 * inside) / count - share) <= 5, `${inside} of ${count} at ${share} percent`)
    }),
    { numRuns: 60 },
  )
})

test('raising a share takes nobody out of it, in whatever order the shares stand', () => {
  const shares = fc.record({ a: fc.integer({ min: 0, max: 40 }), b: fc.integer({ min: 0, max: 40 }) })
  const raised = fc.constantFrom('a', 'b')
  fc.assert(
    fc.property(
      flag,
      fc.string(),
      shares,
      raised,
      fc.integer({ min: 0, max: 20 }),
      (name, key, before, who, by) => {
        const place = placeOf(name, key)
        const after = { ...before, [who]: before[who as 'a' | 'b'] + by }
        if (shareAt(before, place) === who) assert.equal(shareAt(after, place), who)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('at 0 percent nobody is in, at 100 everybody', () => {
  fc.assert(
    fc.property(flag, fc.string(), (name, key) => {
      const place = placeOf(name, key)
      assert.ok(place >= 0 && place < 100)
      assert.equal(shareAt({ on: 0 }, place), null)
      assert.equal(shareAt({ on: 100 }, place), 'on')
      assert.equal(shareAt({ a: 50, b: 50 }, place), place < 50 ? 'a' : 'b')
    }),
  )
})
