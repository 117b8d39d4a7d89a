import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findMoney } from './money.ts'

test('finds amounts as they are written in many countries', () => {
  for (const [text, words, amount, currency] of [
    ['Budget: €4.000 max', '€4.000', 4000, 'EUR'],
    ['about 4 000 kr for it', '4 000 kr', 4000, 'SEK'],
    ['up to $12k.', '$12k', 12_000, 'USD'],
    ['予算は50万円です', '50万円', 500_000, 'JPY'],
    ['予算は５０万円くらい', '５０万円', 500_000, 'JPY'],
    ['ca. 5.000,- € netto', '5.000,- €', 5000, 'EUR'],
    ['EUR 5.000,50', 'EUR 5.000,50', 5000.5, 'EUR'],
    ["CHF 8'000.– pauschal", "CHF 8'000.–", 8000, 'CHF'],
    ['£3,500 + VAT', '£3,500', 3500, 'GBP'],
    ['3.000 bis 4.000 Euro', '3.000 bis 4.000 Euro', 4000, 'EUR'],
    ['between 10-15k € ', '10-15k €', 15_000, 'EUR'],
    ['€10k–€15k', '€10k–€15k', 15_000, 'EUR'],
    ['40–50 tkr', '40–50 tkr', 50_000, 'SEK'],
    ['40 000:- exkl moms', '40 000:-', 40_000, 'SEK'],
    ['4,5 Mio. €', '4,5 Mio. €', 4_500_000, 'EUR'],
    ['2 millones de euros', '2 millones de euros', 2_000_000, 'EUR'],
    ['5 tusen kronor', '5 tusen kronor', 5000, 'SEK'],
    ['unos 6 mil euros', '6 mil euros', 6000, 'EUR'],
    ['1,200.50 USD', '1,200.50 USD', 1200.5, 'USD'],
    ['12 000 € HT', '12 000 €', 12_000, 'EUR'],
    ['A$9,000', 'A$9,000', 9000, 'AUD'],
    ['99,90 €', '99,90 €', 99.9, 'EUR'],
    ['Our budget is around 12k', 'budget is around 12k', 12_000, null],
    ['budget: 8.500', 'budget: 8.500', 8500, null],
  ] as const) {
    assert.deepEqual(findMoney(text)[0], { words, amount, currency }, text)
  }
})

test('what a krona is depends on the language', () => {
  assert.equal(findMoney('4 000 kr', 'nob')[0]?.currency, 'NOK')
  assert.equal(findMoney('4 000 kr', 'dan')[0]?.currency, 'DKK')
})

test('other numbers are no money', () => {
  for (const text of [
    'budget for 2026',
    'our budget round in 2027',
    'a budget for 3 pages',
    'in 12 weeks, 40 pages, 12 km away',
    'WCAG 2.2, 4k monitor',
    'call +46 70 123 45 67',
    'Hauptstr. 12, 10115 Berlin',
    'krav 7 kreativa',
  ]) {
    assert.deepEqual(findMoney(text), [], text)
  }
})

test('all amounts of a text are found, each once', () => {
  const amounts = findMoney('€500 now, 2.000 € later, then $3k or £4,000').map(({ amount }) => amount)
  assert.deepEqual(amounts.toSorted(), [2000, 3000, 4000, 500])
})

test('words are always part of the text, and amounts are numbers', () => {
  const piece = fc.constantFrom(
    '€',
    '$',
    'kr',
    '1',
    '000',
    '.',
    ',',
    ' ',
    'k',
    '-',
    '万円',
    'budget',
    '５',
    "'",
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('')
      for (const { words, amount } of findMoney(text)) {
        assert.ok(text.includes(words) && Number.isFinite(amount) && amount > 0, text)
      }
    }),
    { numRuns: 1000 },
  )
})
