import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  checkRetry,
  EFFECT_RETRY,
  nextDelayMs,
  retriesCode,
  retryPolicy,
  STEP_RETRY,
} from './retry-policy.ts'

test('each wait is longer than the one before, up to the longest, with half of it fixed', () => {
  fc.assert(
    fc.property(
      fc.record({
        attempts: fc.integer({ min: 2, max: 50 }),
        firstDelay: fc.integer({ min: 0, max: 10_000 }),
        factor: fc.double({ min: 1, max: 10, noNaN: true }),
        maxDelay: fc.integer({ min: 0, max: 100_000 }),
      }),
      fc.integer({ min: 1, max: 49 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (policy, failed, random) => {
        const delay = nextDelayMs(policy, failed, random)
        if (failed >= policy.attempts) return assert.equal(delay, null)
        const full = Math.min(policy.maxDelay, policy.firstDelay * policy.factor ** (failed - 1))
        assert.ok(delay !== null && Number.isInteger(delay))
        assert.ok(delay >= Math.floor(full / 2) && delay <= Math.ceil(full), `${delay} of ${full}`)
      },
    ),
  )
})

test('the given policies give up after their attempts', () => {
  const delays = (policy: typeof STEP_RETRY): (number | null)[] =>
    Array.from({ length: policy.attempts }, (_, i) => nextDelayMs(policy, i + 1, 1))
  assert.deepEqual(delays(STEP_RETRY), [200, 400, 800, 1600, null])
  const effect = delays(EFFECT_RETRY)
  assert.equal(effect.at(-1), null)
  assert.deepEqual(effect.slice(-4, -1), [729_000, 1_800_000, 1_800_000])
})

test('however often it fails, the wait stays a number', () => {
  const forever = { attempts: Number.POSITIVE_INFINITY, firstDelay: 0, factor: 10, maxDelay: '1m' }
  assert.equal(nextDelayMs(forever, 5_000, 0.5), 0)
  assert.equal(nextDelayMs({ ...forever, firstDelay: 1 }, 5_000, 0), 30_000)
})

test('a policy says after which errors there is another attempt', () => {
  const retried = (policy: Parameters<typeof retriesCode>[0]): readonly string[] =>
    ['A', 'B', 'C'].filter((code) => retriesCode(policy, code))
  assert.deepEqual(retried({}), ['A', 'B', 'C'])
  assert.deepEqual(retried({ only: ['A', 'B'] }), ['A', 'B'])
  assert.deepEqual(retried({ never: ['B'] }), ['A', 'C'])
  assert.deepEqual(retried({ only: ['A', 'B'], never: ['B'] }), ['A'])
})

test('what is left out, or undefined, is taken from the defaults', () => {
  assert.deepEqual(retryPolicy(STEP_RETRY, { attempts: undefined as never, factor: 3 }), {
    ...STEP_RETRY,
    factor: 3,
  })
  assert.deepEqual(retryPolicy(EFFECT_RETRY), EFFECT_RETRY)
})

test('a policy that can not be meant is refused', () => {
  for (const policy of [
    { attempts: 0 },
    { attempts: -1 },
    { attempts: 2.5 },
    { attempts: Number.NaN },
    { attempts: '3' as never },
    { factor: Number.NaN },
    { factor: -1 },
    { factor: Number.POSITIVE_INFINITY },
    { firstDelay: 'soon' },
    { firstDelay: -1 },
    { maxDelay: 'late' },
    { totalTime: 'x' },
    { only: null as never },
    { only: 'CODE' as never },
    { never: {} as never },
  ]) {
    assert.throws(() => checkRetry(policy), { code: 'INPUT_INVALID' }, JSON.stringify(policy))
  }
  for (const policy of [
    undefined,
    {},
    { only: ['A'], never: [] },
    { attempts: 1, factor: 0 },
    { attempts: Number.POSITIVE_INFINITY },
  ]) {
    checkRetry(policy)
  }
})
