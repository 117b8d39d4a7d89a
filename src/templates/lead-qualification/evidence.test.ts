import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openingOf } from './evidence.ts'

test('the opening of a text is its first sentence of substance', () => {
  const openings: [string, string][] = [
    ['Dear Mara,\n\nWe run a small theatre and need a site.', 'We run a small theatre and need a site.'],
    ['Hallo Mara!\nWir suchen Hilfe.', 'Wir suchen Hilfe.'],
    ['We need a site.\nRegards', 'We need a site.'],
    ['\n  Hi\nthere', 'Hi'],
    [`Hi,\n${'x'.repeat(200)}`, 'x'.repeat(80)],
    ['', ''],
  ]
  for (const [text, opening] of openings) assert.equal(openingOf(text), opening)
})
