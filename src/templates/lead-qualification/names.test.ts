import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addresseeOf } from './names.ts'

test('finds the first name of a person', () => {
  for (const [display, name, fullName] of [
    ['Jonas Weber', 'Jonas', 'Jonas Weber'],
    ['Dr. Jonas Weber', 'Jonas', 'Jonas Weber'],
    ['Weber, Jonas', 'Jonas', 'Jonas Weber'],
    ['"Weber, Jonas" (IT)', 'Jonas', 'Jonas Weber'],
    ['ANNA BERG', 'Anna', 'Anna Berg'],
    ['åsa lind', 'Åsa', 'Åsa Lind'],
    ['J. Alice Moore', 'Alice', 'J. Alice Moore'],
    ["Siobhán O'Neill", 'Siobhán', "Siobhán O'Neill"],
    ['Marie-Claire Dupont', 'Marie-Claire', 'Marie-Claire Dupont'],
    ['Pete', 'Pete', 'Pete'],
    ['田中太郎', '田中太郎', '田中太郎'],
  ] as const) {
    assert.deepEqual(addresseeOf(display), { name, fullName }, display)
  }
})

test('addresses nobody by the name of an organisation or a machine', () => {
  for (const display of [
    '',
    'info',
    'Huber GmbH',
    'Smith & Sons',
    'The Old Mill',
    'Support Team',
    'no-reply',
    'anna@example.com',
    'Room 42',
    '{{ 7 | times: 7 }}',
    '<script>',
    'http://evil.example',
    'x'.repeat(100),
  ]) {
    assert.deepEqual(addresseeOf(display), { name: '', fullName: '' }, display)
  }
})

test('a name is always one short line of letters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (display) => {
      const { name, fullName } = addresseeOf(display)
      assert.match(name, /^[\p{L}\p{M}.'’ -]{0,130}$/u)
      assert.match(fullName, /^[\p{L}\p{M}.'’ -]{0,130}$/u)
    }),
    { numRuns: 1000 },
  )
})
