import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bondOf, readParent } from './children.ts'

test('a child is called and cancelled with its parent, unless its record says otherwise', () => {
  assert.deepEqual(bondOf({}), { mode: 'call', onParentClose: 'cancel' })
  assert.deepEqual(bondOf({ mode: 'spawn' }), { mode: 'spawn', onParentClose: 'cancel' })
  assert.deepEqual(bondOf({ onParentClose: 'abandon' }), { mode: 'call', onParentClose: 'abandon' })
})

test('a run has a parent, or none', () => {
  assert.equal(readParent({}), null)
  assert.equal(readParent({ parent: null }), null)
  assert.deepEqual(readParent({ parent: { run: 'p', name: 'x', mode: 'spawn' } }), {
    run: 'p',
    name: 'x',
    mode: 'spawn',
    onParentClose: 'cancel',
  })
})
