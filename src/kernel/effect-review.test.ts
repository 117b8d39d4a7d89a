import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvalName, effectOfReview, outcomeName } from './effect-review.ts'

test('the effect is known by the name of its review, whatever it is called', () => {
  for (const effect of ['send reply', 'pay (approval)', 'a\nb', 'x#2']) {
    assert.equal(effectOfReview(approvalName(effect)), effect)
    assert.equal(effectOfReview(outcomeName(effect, 12)), effect)
  }
})

test('other reviews belong to no effect', () => {
  for (const name of [
    'approve reply',
    '(approval)',
    'outcome of attempt 1',
    'x (approval) again',
    'x (outcome of attempt one)',
  ]) {
    assert.equal(effectOfReview(name), null)
  }
})
