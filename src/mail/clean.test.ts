import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanLine, cleanText } from './clean.ts'

test('line ends, blanks and composed letters', () => {
  assert.deepEqual(cleanText('\r\nGru\u0308ße,\u00A0 Anna \r\n\r\n-- \rAnna\u0000\n'), {
    text: 'Grüße,  Anna\n\n--\nAnna',
    smuggled: false,
  })
})

for (const [what, hidden] of Object.entries({
  'tag characters': '\u{E0049}\u{E0067}\u{E006E}',
  'bidirectional overrides': '\u202E\u2066',
  'variation selectors of the supplement': '\u{E0100}\u{E01EF}',
})) {
  test(`${what} are taken out and told`, () => {
    assert.deepEqual(cleanText(`a${hidden}b`), { text: 'ab', smuggled: true })
  })
}

test('zero-width characters are taken out, but not where a script needs them', () => {
  assert.equal(cleanText('pre\u200Bhead\u034F\u00AD\u200C\u200D\u200C\uFEFFer').text, 'preheader')
  assert.equal(cleanText('👩\u200D💻 می\u200Cخواهم ✌️').text, '👩\u200D💻 می\u200Cخواهم ✌️')
})

test('a line', () => {
  assert.equal(cleanLine(' Re:\r\n\tA  website '), 'Re: A website')
})
