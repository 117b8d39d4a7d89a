import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapTexts } from './json-texts.ts'

test('every text is mapped, in lists and names of fields too, and nothing else', () => {
  const value = { ada: ['Ada', 1, null, { 'of ada': true }], n: 2 }
  const mapped = mapTexts(value, (text) => text.replace(/ada/i, 'X'))
  assert.deepEqual(mapped, { X: ['X', 1, null, { 'of X': true }], n: 2 })
})
