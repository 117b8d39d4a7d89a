import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyJournal } from './journal.ts'
import type { JsonObject } from './json.ts'
import { externalFrom, type Label, OWNER, SYSTEM } from './label.ts'
import { carriedSince, earliest, noteOutside, outsideSince, sinceBody } from './outside.ts'

const MAIL = externalFrom('mail:m-1')
const at = (position: number, label: Label, body: JsonObject | null = {}) => ({
  position,
  version: position,
  label,
  body,
})

test('what comes from outside stands for itself, or for what came before it, and never for what comes later', () => {
  assert.equal(outsideSince(at(7, MAIL)), 7)
  assert.equal(outsideSince(at(7, MAIL, { externalSince: 3 })), 3)
  assert.equal(outsideSince(at(7, MAIL, { externalSince: 9 })), 7)
  assert.equal(outsideSince(at(7, MAIL, { externalSince: 'long ago' })), 7, 'what is no position')
  assert.equal(outsideSince(at(7, MAIL, null)), 7, 'its body was erased')
})

test('what is not from outside stands for nothing, whatever it carries', () => {
  for (const label of [OWNER, SYSTEM]) {
    assert.equal(outsideSince(at(7, label, { externalSince: 3 })), null)
    assert.equal(carriedSince(at(7, label, { externalSince: 3 })), null)
  }
})

test('the earliest counts, of those that are known', () => {
  assert.deepEqual([earliest(), earliest(null), earliest(null, 5, 3, null)], [null, null, 3])
  assert.deepEqual([sinceBody(null), sinceBody(3)], [{}, { externalSince: 3 }])
})

test('of a run it is the first version from outside, and the earliest position that came with anything', () => {
  const { outside } = emptyJournal('r')
  noteOutside(outside, at(1, SYSTEM, { externalSince: 1 }))
  assert.deepEqual(outside, { version: null, carried: null })
  noteOutside(outside, at(2, MAIL))
  noteOutside(outside, at(3, MAIL, { externalSince: 8 }))
  noteOutside(outside, at(4, MAIL, { externalSince: 6 }))
  noteOutside(outside, at(5, MAIL, { externalSince: 9 }))
  assert.deepEqual(outside, { version: 2, carried: 6 })
})
