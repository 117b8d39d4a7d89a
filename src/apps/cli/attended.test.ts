import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAttended } from './attended.ts'

test('a command that is typed at a terminal is a sign of the operator, unless it is said otherwise', () => {
  assert.deepEqual([isAttended({}, true), isAttended({}, false)], [true, false])
  assert.equal(isAttended({ HOLDFAST_ATTENDED: 'no' }, true), false)
  assert.equal(isAttended({ HOLDFAST_ATTENDED: 'Yes' }, false), true)
  assert.equal(isAttended({ HOLDFAST_ATTENDED: '1' }, false), false)
})
