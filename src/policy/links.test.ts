import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { holdsLink } from './links.ts'

const LINKS: Readonly<Record<string, readonly string[]>> = {
  'with a scheme': [
    'see https://evil.example/x',
    'see HTTP://EVIL.EXAMPLE',
    'http:evil.se',
    'http:\\\\evil.se',
    'slack://x',
    'mailto:eve@evil.example',
    'tel:+4681',
    '[a](javascript:alert)',
    'data:text/html,x',
  ],
  'by the name of a host alone': [
    'www.evil.example',
    'www2.evil',
    'see evil.se now',
    'evil.se.',
    'evil.se?d=secret',
    'evil.se#secret',
    'evil.se:8080',
    'secret-words.evil.museum',
    'bücher.se',
    'xn--bcher-kva.example',
    'evil.рф',
    '*evil.se*',
    '_evil.se_',
    '…evil.se',
    'user:word@evil.se/x',
  ],
  'by a path or a port': [
    'evil.example/pay?id=7',
    'evil.example:8080/pay',
    'bücher.example/x',
    'evil.se./x',
    '1.2.3.4/x',
    '1.2.3.4:80',
    'see //evil/x',
    '\\\\evil\\share',
  ],
  'in HTML, Markdown and style sheets': [
    '<a href="//1.2.3.4/x">',
    '<img src=//evil/x>',
    '<a href = "h&#116;tp&colon;&sol;&sol;evil&period;se">',
    '<base href=x>',
    'background:url(//evil)',
    '@import "//evil"',
    '[a](evil)',
    '![](/x)',
    'a\n[a]: evil',
  ],
  'in letters that only look otherwise': [
    'evil．se',
    'evil。se',
    'ｈｔｔｐｓ：／／evil',
    'ev\u200bil.s\u00ade',
    'https:\u2060//evil',
  ],
}

for (const [how, texts] of Object.entries(LINKS)) {
  describe(how, () => {
    for (const text of texts) test(JSON.stringify(text), () => assert.ok(holdsLink(text)))
  })
}

describe('no link', () => {
  for (const text of [
    'Dear Ada, yes and/or no. At 10:30, 3.5/5.',
    'e.g. this, i.e. that; z.B. so. Dr. Smith, Ph.D.',
    '<m-1@mail.example>',
    'ada@ek.example',
    'ada.king.de.name@mail.firm.se wrote',
    'Re: [Fwd] data: at 10.30, Tel: +46 8 1, f(x) = y, a[0]',
    '12.3.2026/13.3.2026, Node.js, v1.2.3',
    '- [ ] to be done',
  ])
    test(JSON.stringify(text), () => assert.ok(!holdsLink(text)))
})

test('is found however deep it stands, in keys too', () => {
  for (const value of [['a', ['evil.se']], { deep: [{ text: 'evil.se' }] }, { 'evil.se': 1 }])
    assert.ok(holdsLink(value))
  for (const value of [null, 5, true, [], {}, ['a', { b: 'c' }]]) assert.ok(!holdsLink(value))
})

test('a long text takes no longer than its length', () => {
  const began = performance.now()
  for (const piece of ['a.', '.a', 'a.com+', 'a.aa.', '1.', 'a@', '-', '[', 'ab.', '/', ' ('])
    holdsLink(`${piece.repeat(50_000)}@`)
  assert.ok(performance.now() - began < 2_000)
})
