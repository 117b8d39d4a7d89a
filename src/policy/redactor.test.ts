import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRedactor } from './redactor.ts'

const VALUE = 'pä$$ "word"/+&\\ 7f'

function knowing(secrets: Record<string, string> = { smtp: VALUE }) {
  const redactor = createRedactor()
  for (const [name, value] of Object.entries(secrets)) redactor.know(value, `vault:${name}`)
  return redactor
}

test('a secret is found in every form that it may take on its way', () => {
  const { text } = knowing()
  const bytes = Buffer.from(VALUE)
  const forms = {
    plain: VALUE,
    'in JSON': JSON.stringify({ v: VALUE }),
    percent: encodeURIComponent(VALUE),
    'percent, small letters': encodeURIComponent(VALUE).toLowerCase(),
    form: new URLSearchParams({ v: VALUE }).toString(),
    base64: bytes.toString('base64'),
    base64url: bytes.toString('base64url'),
    hex: bytes.toString('hex'),
    'hex, capital letters': bytes.toString('hex').toUpperCase(),
    'within more, for an address': Buffer.from(`a${VALUE}bcd`).toString('base64url'),
    'AUTH PLAIN': Buffer.from(`\0mara\0${VALUE}`).toString('base64'),
    'basic, of another length': Buffer.from(`mara1:${VALUE}`).toString('base64'),
    'within more': Buffer.from(`a${VALUE}bcd`).toString('base64'),
  }
  for (const [what, form] of Object.entries(forms)) {
    const clean = text(`535 ${form} no`)
    assert.match(clean, /vault:smtp/, what)
    assert.doesNotMatch(clean, /word|%22word|776f7264/i, what)
  }
})

test('whatever the secret and what stands around it, its base64 is found', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 8, unit: 'grapheme' }),
      fc.string(),
      fc.string(),
      (value, before, after) => {
        const { text } = knowing({ x: value })
        const encoded = Buffer.from(before + value + after).toString('base64')
        assert.notEqual(text(encoded), encoded)
      },
    ),
  )
})

test('of secrets that contain one another the longest is found', () => {
  const { text } = knowing({ short: 'password', long: 'password-and-more' })
  assert.equal(text('password-and-more password'), 'vault:long vault:short')
})

test('values of JSON are walked, keys too; what holds no secret is the same object', () => {
  const { json } = knowing({ smtp: 'canary-1234' })
  const clean = { a: [1, null, true, { b: 'text' }] }
  assert.equal(json(clean), clean)
  assert.deepEqual(json({ a: [1, { 'x canary-1234': 'y canary-1234' }], b: 'z' }), {
    a: [1, { 'x vault:smtp': 'y vault:smtp' }],
    b: 'z',
  })
})

test('without secrets nothing is touched; a value of less than 8 characters is not looked for', () => {
  const { text, json } = knowing({})
  assert.equal(text(VALUE), VALUE)
  const value = { a: VALUE }
  assert.equal(json(value), value)
  assert.equal(knowing({ pin: '1234567' }).text('1234567'), '1234567')
  assert.equal(knowing({ pin: '12345678' }).text('12345678'), 'vault:pin')
})
