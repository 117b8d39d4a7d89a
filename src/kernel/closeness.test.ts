import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distance, fieldDistances, greatestDistance, textDistance } from './closeness.ts'

test('texts are compared by the words that they have in common, in their order', () => {
  assert.equal(textDistance('a b c', 'a b c'), 0)
  assert.equal(textDistance('a b', 'c d'), 1)
  assert.equal(textDistance('a b c d', 'a b c e'), 0.25)
  assert.equal(textDistance('a b', 'b a'), 0.5)
  assert.equal(textDistance(' ', ''), 0)
})

test('of two proposals the mean over the fields, or the field that differs most', () => {
  const mail = { to: 'ada@ek.example', body: 'one two three four' }
  assert.equal(distance(mail, mail), 0)
  assert.equal(greatestDistance(mail, mail), 0)
  assert.equal(greatestDistance({}, {}), 0)
  const elsewhere = { ...mail, to: 'ada@ke.example' }
  assert.equal(distance(mail, elsewhere), 0.5)
  assert.equal(greatestDistance(mail, elsewhere), 1)
  assert.equal(greatestDistance(mail, { ...mail, body: 'one two three five' }), 0.25)
})

test('what is no text is the same or not, also a field that is missing', () => {
  assert.equal(greatestDistance({ amount: 3 }, { amount: 4 }), 1)
  assert.equal(greatestDistance({ lines: [1, 2] }, { lines: [1, 2] }), 0)
  assert.equal(greatestDistance({ amount: 3 }, {}), 1)
})

test('each field that was changed is told, with how much', () => {
  assert.deepEqual(fieldDistances({ a: 'x y', b: 1, c: [] }, { a: 'x z', b: 2, c: [] }), { a: 0.5, b: 1 })
  assert.deepEqual(fieldDistances({ a: 'x' }, { a: 'x' }), {})
  assert.ok(textDistance('one two', 'one  two') > 0, 'another blank is a change')
})

test('a word that is changed far down in a long text is a change', () => {
  const words = Array.from({ length: 10_000 }, (_, i) => `w${i}`)
  const changed = words.with(9_000, 'other').with(100, 'another')
  assert.ok(textDistance(words.join(' '), changed.join(' ')) > 0)
  const one = textDistance(words.join(' '), words.with(9_000, 'other').join(' '))
  assert.ok(Math.abs(one - 1 / 10_000) < 1e-9)
})
