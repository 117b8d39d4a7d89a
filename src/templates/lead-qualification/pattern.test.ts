import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findPattern, patternSchema } from './pattern.ts'

function problemWith(source: string): string | null {
  const result = patternSchema.safeParse(source)
  return result.success ? null : (result.error.issues[0]?.message ?? '')
}

test('ordinary patterns are accepted and found', () => {
  for (const [source, text, words] of [
    [String.raw`\b\d{1,4}\s?(?:pages|Seiten)\b`, 'about 40 Seiten', '40 Seiten'],
    ['ref-?[0-9]+', 'my REF-1234', 'REF-1234'],
    ['(?<!no )website', 'a website', 'website'],
    ['(?:RFP|RFQ|tender)[ :]', 'RFP: new site', 'RFP:'],
    ['[\\])(]x', ')x', ')x'],
    [String.raw`\p{Lu}{2,5}-\d`, 'WCAG-2', 'WCAG-2'],
  ] as const) {
    assert.equal(findPattern(patternSchema.parse(source), text), words, source)
  }
})

test('patterns that could take forever are refused, with the reason', () => {
  for (const source of [
    '(a+)+$',
    '(a|a)*b',
    '(a|aa)+$',
    '([a-zA-Z]+)*x',
    '(.*a){12}',
    String.raw`\s*\s*\s*x`,
    String.raw`^(\w+\s?)*x$`,
    '(?:(?:a{0,20}){0,20}){0,20}b',
    '(?=(a+)+)b',
    'x{0,99999999999}y{0,99999999999}z',
    '(?<name>a+)+',
  ]) {
    assert.match(problemWith(source) ?? '', /ways to match at one place/, source)
  }
})

test('a pattern that is no pattern, refers back, or matches nothing is refused', () => {
  assert.match(problemWith('(') ?? '', /^is no regular expression: Unterminated group/)
  assert.match(problemWith('a{2,1}') ?? '', /^is no regular expression/)
  assert.match(problemWith(String.raw`(a)\1`) ?? '', /refer back/)
  assert.match(problemWith('x?') ?? '', /matches everywhere/)
})

test('whatever pattern is accepted, searching a hostile text takes little time', () => {
  const atom = fc.constantFrom('a', 'b', '[ab]', '.', String.raw`\w`, '(a|b)', '(?:a|ab)', '(a+)', '(?:a?b)')
  const quantifier = fc.constantFrom('', '', '*', '+', '?', '{0,9}', '{2}', '{3,}', '+?')
  const source = fc
    .array(fc.tuple(atom, quantifier), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.flat().join(''))
  const hostile = `${'a'.repeat(3000)}!\n${'ab'.repeat(1500)}!`
  fc.assert(
    fc.property(source, fc.constantFrom('c', 'aac', ''), (start, end) => {
      const result = patternSchema.safeParse(start + end)
      if (!result.success) return
      const from = performance.now()
      findPattern(result.data, hostile)
      assert.ok(performance.now() - from < 15_000, start + end)
    }),
    { numRuns: 300 },
  )
})
