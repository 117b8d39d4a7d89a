import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atMost } from './limit.ts'

test('the limit of a list is a whole number from 0 on, or there is none', () => {
  for (const limit of [0, 1, 1_000]) assert.equal(atMost(limit), limit)
  assert.equal(atMost(Number.POSITIVE_INFINITY), Number.MAX_SAFE_INTEGER)
  for (const limit of [-1, 1.5, Number.NaN, '5' as unknown as number, null as unknown as number]) {
    assert.throws(() => atMost(limit), { code: 'INPUT_INVALID', message: new RegExp(`can't be ${limit}`) })
  }
})
