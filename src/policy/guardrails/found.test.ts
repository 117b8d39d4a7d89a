/** What is recognised in a text, and what only looks like it. All numbers and keys are made up, or of test ranges. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { numbersIn } from './found-personal.ts'
import { secretIn } from './found-secrets.ts'
import { lookThrough, NOTHING_KNOWN } from './outgoing.ts'
import { GUARDRAILS } from './rules.ts'

/** Put together here, so that nobody takes this file for a leak. */
const SECRETS: Readonly<Record<string, string>> = {
  aws: `AKIA${'QWERTYUIOPASDFGH'}`,
  github: `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`,
  stripe: `sk_live_${'51H8abcdefghijklmnopqrstuvwx'}`,
  anthropic: `sk-ant-api03-${'a'.repeat(93)}AA`,
  slack: `xoxb-${'123456789012-123456789012-abcdefghijklmnopqrstuvwx'}`,
  sendgrid: `SG.${'a'.repeat(22)}.${'b'.repeat(43)}`,
  privatekey: [
    '-----BEGIN RSA PRIVATE KEY-----',
    'MIIEowIBAAKCAQEA'.repeat(20),
    '-----END RSA PRIVATE KEY-----',
  ].join('\n'),
  'database-connection-string': 'postgres://bob:hunter2abc@db.example.com/shop',
}

const LETTER = 'Dear Ada, thank you. We meet on 2026-03-14 at 10:30, room 12; the order is 2026-004711.'

describe('secrets', () => {
  for (const [sort, secret] of Object.entries(SECRETS)) {
    test(`${sort} is found in the middle of a letter`, () => {
      assert.equal(secretIn(`${LETTER}\n${secret}\n${LETTER}`), sort)
    })
  }

  test('a letter has none, however often it is asked', () => {
    for (let i = 0; i < 3; i += 1) {
      assert.equal(secretIn(LETTER), null)
      assert.equal(secretIn(SECRETS.github ?? ''), 'github')
    }
  })

  test('what the text says does not switch anything off', () => {
    assert.equal(secretIn(`<!-- secretlint-disable -->\n${SECRETS.github}`), 'github')
  })

  test('no text takes long', () => {
    const pieces = ['a', '-----BEGIN ', 'x:y@', 'https://a:', 'sk-', 'AKIA', '://', '0123456789abcdef', ' ']
    for (const piece of [...pieces, '1 ', '1', 'a@', 'a.', 'DE89 ', '4111 1111 ']) {
      const text = piece.repeat(Math.ceil(200_000 / piece.length))
      const begun = performance.now()
      secretIn(text)
      const manifest = { effect: 'external' as const, hosts: [], criticalArguments: ['*'] }
      const leaving = { arguments: { text }, customer: null, manifest }
      const personalData = { ...GUARDRAILS.personalData, nationalIds: ['sv-SE', 'PL'] }
      lookThrough(leaving, { ...GUARDRAILS, personalData }, NOTHING_KNOWN)
      const took = performance.now() - begun
      assert.ok(took < 5_000, `${JSON.stringify(piece)}: ${took} ms`)
    }
  })
})

const valuesIn = (text: string, ids: readonly string[] = []): string[] =>
  numbersIn(text, ids).map(({ what, value }) => `${what}: ${value}`)

describe('numbers of persons', () => {
  test('cards, however they are written, and between other numbers', () => {
    const card = 'a card number: 4111111111111111'
    for (const text of [
      'Card 4111 1111 1111 1111, thanks',
      'card:4111-1111-1111-1111.',
      '4111111111111111',
      'paid 2026 4111 1111 1111 1111 12/28',
    ]) {
      assert.deepEqual(valuesIn(text), [card], text)
    }
    assert.deepEqual(valuesIn('Card 4111 1111 1111 1112'), [], 'it does not add up')
    assert.deepEqual(valuesIn('order 1234 5678 9012 3456'), [])
  })

  test('bank accounts, with words around them', () => {
    const account = 'an IBAN: DE89370400440532013000'
    for (const text of [
      'to DE89 3704 0044 0532 0130 00 by Friday',
      'de89370400440532013000',
      'AB12 DE89 3704 0044 0532 0130 00',
    ]) {
      assert.deepEqual(valuesIn(text), [account], text)
    }
    assert.deepEqual(valuesIn('DE88 3704 0044 0532 0130 00'), [], 'it does not add up')
  })

  test('national ids, of the countries that are asked for only', () => {
    assert.deepEqual(valuesIn('Her number is 811218-9876.', ['sv-SE']), ['a national id: 8112189876'])
    assert.deepEqual(valuesIn('Her number is 811218-9876.'), [])
    assert.deepEqual(valuesIn('Her number is 811218-9875.', ['sv-SE']), [], 'it does not add up')
    assert.deepEqual(valuesIn('PESEL 44051401359', ['PL']), ['a national id: 44051401359'])
  })

  test('of a card, one wrong digit is one too many', () => {
    const digits = [...'5555555555554444']
    fc.assert(
      fc.property(fc.nat(15), fc.integer({ min: 1, max: 9 }), (at, by) => {
        const wrong = digits
          .map((digit, i) => (i === at ? String((Number(digit) + by) % 10) : digit))
          .join('')
        assert.deepEqual(valuesIn(`x ${wrong} y`), [])
      }),
    )
    assert.deepEqual(valuesIn(digits.join('')), ['a card number: 5555555555554444'])
  })

  test('an ordinary letter has none', () => {
    assert.deepEqual(valuesIn(LETTER, ['sv-SE', 'de-DE', 'PL']), [])
  })
})
