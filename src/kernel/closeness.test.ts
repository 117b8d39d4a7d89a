import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
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

/** By trying every subsequence of the first. */
function commonByTrying(left: readonly string[], right: readonly string[]): number {
  let longest = 0
  for (let chosen = 0; chosen < 2 ** left.length; chosen += 1) {
    const words = left.filter((_, i) => (chosen >> i) % 2 === 1)
    let from = 0
    const isWithin = words.every((word) => {
      const at = right.indexOf(word, from)
      from = at + 1
      return at >= 0
    })
    if (isWithin) longest = Math.max(longest, words.length)
  }
  return longest
}

test('the words in common are the longest that stand in both in the same order', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
  const property = fc.property(words, words, (left, right) => {
    const all = left.length + right.length
    const isSame = left.join(' ') === right.join(' ')
    const expected = isSame ? 0 : 1 - (2 * commonByTrying(left, right)) / all
    assert.ok(Math.abs(textDistance(left.join(' '), right.join(' ')) - expected) < 1e-9)
    assert.equal(textDistance(left.join(' '), right.join(' ')), textDistance(right.join(' '), left.join(' ')))
  })
  fc.assert(property, { numRuns: 500 })
})

test('what two long texts begin and end with alike is found, however much is between', () => {
  const words = (from: number, count: number) => Array.from({ length: count }, (_, i) => `w${from + i}`)
  const [head, tail] = [words(0, 3_000), words(3_000, 3_000)]
  const left = [...head, ...words(10_000, 2_000), ...tail].join(' ')
  const right = [...head, ...words(20_000, 2_000), ...tail].join(' ')
  assert.ok(Math.abs(textDistance(left, right) - 0.25) < 1e-9)
  assert.ok(Math.abs(textDistance(left, [...head, ...tail].join(' ')) - 1 / 7) < 1e-9)
})

test('blanks alone are the least that texts can be apart', () => {
  assert.equal(textDistance('one two', 'one \n two'), 1 / 5)
  assert.equal(textDistance('one', ' one'), 1 / 3)
})

test('objects within a proposal are compared field by field, and with nothing else', () => {
  const at = (place: string, street: string) => ({ address: { place, street } })
  assert.equal(greatestDistance(at('Oslo', 'a b'), at('Oslo', 'a c')), 0.25)
  assert.equal(greatestDistance(at('Oslo', 'a b'), at('Oslo', 'a b')), 0)
  for (const other of ['Oslo', null, ['Oslo'], 3]) {
    assert.equal(greatestDistance({ address: {} }, { address: other }), 1, JSON.stringify(other))
    assert.equal(greatestDistance({ address: other }, { address: {} }), 1, JSON.stringify(other))
  }
  assert.equal(greatestDistance({ text: 'null' }, { text: null }), 1)
  assert.equal(greatestDistance({ text: null }, { text: 'null' }), 1)
  assert.equal(greatestDistance({ list: ['a', 'b'] }, { list: ['a', 'c'] }), 1)
  assert.equal(greatestDistance({ gone: null }, {}), 0)
  assert.equal(distance({}, {}), 0)
})

test('the fields that differ are told in the order of their names', () => {
  assert.deepEqual(Object.keys(fieldDistances({ b: 1, a: 1 }, { c: 1, b: 2 })), ['a', 'b', 'c'])
})
