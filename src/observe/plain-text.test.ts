import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columns, cut, oneLine, valueLines, wrap } from './plain-text.ts'

test('values are fields, lists and wrapped text', () => {
  const value = {
    subject: 'Offer',
    to: ['Ann', 'Bob'],
    meta: { none: null, empty: {}, list: [], ok: true, n: 1.5, blank: '' },
    text: 'one two three four',
    lines: 'a\n\n\tb',
    things: [{ why: 'says so', words: 'pay now' }],
  }
  assert.deepEqual(
    valueLines(value, 16),
    [
      'subject: Offer',
      'to:',
      '  - Ann',
      '  - Bob',
      'meta:',
      '  none: –',
      '  empty: none',
      '  list: none',
      '  ok: true',
      '  n: 1.5',
      '  blank: ""',
      'text:',
      '  one two three',
      '  four',
      'lines:',
      '  a',
      '',
      '    b',
      'things:',
      '  - why: says so',
      '    words:',
      '      pay now',
    ].map((line) => (line === '' ? '  ' : line)),
  )
})

test('spaces stay where the line is not broken', () => {
  assert.deepEqual(wrap('  a  b   c', 20), ['  a  b   c'])
  assert.deepEqual(wrap('  a  b   c', 6), ['  a  b', 'c'])
})

test('no line is wider than asked for, and nothing is lost', () => {
  const text = `${'x'.repeat(30)} kurz 日本語のとても長い文字列です ${'é'.repeat(12)}`
  const lines = wrap(text, 10)
  for (const line of lines) assert.ok(columns(line) <= 10, `${columns(line)}: ${line}`)
  assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''))
})

test('wide characters take two columns, marks none', () => {
  assert.deepEqual(['abc', '日本', '🙂', 'e\u0301', 'a\u200bb'].map(columns), [3, 4, 2, 1, 2])
})

test('text from outside can not move the cursor or turn the line around', () => {
  const evil = 'a\u001b[2Jb\u0007c\u202ed\u0085e\u2028f\rg'
  assert.equal(oneLine(evil), 'a�[2Jb�c�d�e f g')
  const shown = [...valueLines({ [evil]: evil }, 80), ...valueLines([evil], 80)].join('')
  assert.ok(!/[\p{Cc}\u2028\u202e]/u.test(shown), JSON.stringify(shown))
})

test('long texts and lists are cut, and say by how much', () => {
  assert.deepEqual(cut(['1', '2', '3'], 3), ['1', '2', '3'])
  assert.deepEqual(cut(['1', '2', '3', '4'], 3), ['1', '2', '… 2 more lines'])
  assert.deepEqual(valueLines({ a: '1\n2\n3\n4', b: 1 }, 20, 2), ['a:', '  1', '  … 3 more lines', 'b: 1'])
})

test('a huge word is wrapped in no time', () => {
  const begun = performance.now()
  assert.equal(wrap('é'.repeat(300_000), 100).length, 3_000)
  assert.ok(performance.now() - begun < 20_000)
})
