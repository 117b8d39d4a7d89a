/** What leaves, looked through: what counts, and for which argument. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Json } from '../../kernel/json.ts'
import type { Carries, EffectClass } from '../../ports/connector.ts'
import type { Guardrails } from '../../ports/policy-settings.ts'
import { type Known, lookThrough, NOTHING_KNOWN, type Outgoing } from './outgoing.ts'
import { GUARDRAILS } from './rules.ts'

const TOKEN = `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`
const IBAN = 'DE89 3704 0044 0532 0130 00'

interface More {
  readonly carries?: Carries
  readonly critical?: readonly string[]
  readonly guardrails?: Partial<Guardrails>
  readonly known?: Partial<Known>
  readonly effect?: EffectClass
  readonly hosts?: readonly string[]
}

function look(
  given: Record<string, Json>,
  { carries, critical = ['to'], guardrails, known, effect = 'external', hosts = [] }: More = {},
): Outgoing {
  return lookThrough(
    {
      arguments: given,
      customer: 'c-1',
      manifest: { effect, hosts, criticalArguments: critical, ...(carries === undefined ? {} : { carries }) },
    },
    { ...GUARDRAILS, ...guardrails },
    { ...NOTHING_KNOWN, ...known },
  )
}

const MAIL: Carries = { recipients: ['to'], content: ['subject', 'text'], attachments: ['files'] }

describe('secrets', () => {
  test('are looked for in all of the input, its keys and files included, whatever is declared', () => {
    const file = { filename: 'a.txt', encoding: 'base64', content: Buffer.from(TOKEN).toString('base64') }
    for (const given of [
      { text: `see ${TOKEN}` },
      { headers: { deep: [{ [TOKEN]: 1 }] } },
      { to: `${TOKEN}@x.example` },
      { files: [file] },
    ]) {
      const [argument = ''] = Object.keys(given)
      assert.deepEqual(look(given, { carries: MAIL }).secret, { argument, what: 'a secret (github)' })
    }
    const name = 'the name of an argument'
    for (const key of [TOKEN, Buffer.from(TOKEN).toString('base64')])
      assert.deepEqual(look({ [key]: 1 }).secret, { argument: name, what: 'a secret (github)' })
    assert.equal(look({ text: TOKEN }, { guardrails: { secrets: 'off' } }).secret, null)
  })

  test('are all that is looked for in what asks a host or can be undone there, and nothing in what stays', () => {
    const given = { query: `${IBAN} ${TOKEN}` }
    const found = { secret: { argument: 'query', what: 'a secret (github)' }, personal: [], length: 0 }
    for (const effect of ['read', 'reversible'] as const) {
      const { secret, personal, length } = look(given, { effect, hosts: ['api.example'] })
      assert.deepEqual({ secret, personal, length }, found)
      assert.equal(look(given, { effect }).secret, null)
    }
  })

  test('are found however they are encoded, whatever it is called', () => {
    const bytes = Buffer.from(TOKEN)
    const base64 = bytes.toString('base64')
    const encoded: Record<string, Json> = {
      'base64 in a text': `see ${base64}.`,
      'a file that does not say so': { filename: 'a.txt', content: base64 },
      'a file without a name': { content: base64, encoding: 'BASE64' },
      'lines of base64': base64.replace(/.{16}/g, '$&\r\n'),
      base64url: bytes.toString('base64url'),
      hex: bytes.toString('hex'),
      'an address': { path: `data:text/plain;base64,${base64}` },
      'a whole mail': { raw: `Content-Transfer-Encoding: base64\r\n\r\n${base64}` },
      bytes: { type: 'Buffer', data: [...bytes] },
      'UTF-16': Buffer.from(TOKEN, 'utf16le').toString('base64'),
      'the end of a long file': Buffer.from(`${'x '.repeat(600_000)}${TOKEN}`).toString('base64'),
      'with what is not seen': `${TOKEN.slice(0, 9)}\u200b${TOKEN.slice(9)}`,
    }
    for (const [how, value] of Object.entries(encoded))
      assert.equal(look({ x: value }, { carries: MAIL }).secret?.what, 'a secret (github)', how)
    const others = [Buffer.alloc(300, 'x').toString('base64'), 'a\n'.repeat(50), [1, 2, 3], '00'.repeat(99)]
    assert.equal(look({ x: others }).secret, null)
  })

  test('those of the vault are known by their handle', () => {
    const known = { vaultSecretIn: (text: string) => (text.includes('hunter2') ? 'vault:mail' : null) }
    assert.deepEqual(look({ text: 'it is hunter2' }, { known }).secret, {
      argument: 'text',
      what: 'the secret vault:mail',
    })
  })
})

describe('personal data', () => {
  const personal = (given: Record<string, Json>, more: More = {}): string[] =>
    look(given, more).personal.map(({ argument, what }) => `${argument}: ${what}`)

  test('is named without being told', () => {
    assert.deepEqual(personal({ text: `pay to ${IBAN} by 4111 1111 1111 1111` }), [
      'text: a card number (…1111)',
      'text: an IBAN (…3000)',
    ])
  })

  test('of what is written only; whom it touches is the affair of other rules', () => {
    assert.deepEqual(personal({ to: IBAN, text: 'hello' }), [])
    assert.deepEqual(personal({ note: IBAN, text: 'hello' }, { carries: { content: ['text'] } }), [])
    assert.deepEqual(personal({ note: IBAN }, { critical: ['*'] }), ['note: an IBAN (…3000)'])
    assert.deepEqual(personal({ note: { [IBAN]: 1 } }), ['note: an IBAN (…3000)'])
    assert.deepEqual(personal({ [IBAN]: 1 }), ['the name of an argument: an IBAN (…3000)'])
  })

  test('that the policy allows anywhere is none', () => {
    const personalData = { ...GUARDRAILS.personalData, allow: ['de89 3704 0044 0532 0130 00'] }
    assert.deepEqual(personal({ text: IBAN }, { guardrails: { personalData } }), [])
    const off = { ...GUARDRAILS.personalData, answer: 'off' as const }
    assert.deepEqual(personal({ text: IBAN }, { guardrails: { personalData: off } }), [])
  })

  test('addresses and numbers are those of other customers, whom it does not go to', () => {
    const whose: Readonly<Record<string, string>> = { 'ada@ek.example': 'c-1', 'bo@ek.example': 'c-2' }
    const contactsIn = (text: string) =>
      Object.entries(whose)
        .filter(([value]) => text.includes(value))
        .map(([value, customer]) => ({ what: 'the mail address' as const, value, customer }))
    const known = { contactsIn }
    assert.deepEqual(personal({ to: 'ada@ek.example', text: 'write to ada@ek.example' }, { known }), [])
    assert.deepEqual(personal({ to: 'ada@ek.example', text: 'write to bo@ek.example' }, { known }), [
      'text: the mail address of another customer (c-2)',
    ])
    assert.deepEqual(personal({ to: 'Bo@ek.example', text: 'you are bo@ek.example' }, { known }), [])
    const carries = { recipients: ['to', 'cc'] }
    assert.deepEqual(personal({ to: 'ada@ek.example', cc: 'bo@ek.example' }, { known, carries }), [])
    const personalData = { ...GUARDRAILS.personalData, allow: ['Bo@ek.example'] }
    assert.deepEqual(
      personal({ text: 'write to bo@ek.example' }, { known, guardrails: { personalData } }),
      [],
    )
  })
})

describe('how much', () => {
  test('characters of what is written, or of all', () => {
    assert.equal(look({ to: 'x', subject: 'abc', text: 'de' }, { carries: MAIL }).length, 5)
    assert.equal(look({ to: 'x', subject: 'abc', text: ['de', 1] }).length, 7)
  })

  test('recipients as declared, else the addresses in what decides whom it touches', () => {
    const to = [{ name: 'A', address: 'a@ek.example' }, { address: 'b@ek.example' }, 'C <c@ek.example>']
    assert.equal(look({ to }, { carries: MAIL }).recipients, 3)
    const inOne = ['A <a@ek.example>, b@ek.example; "c" <c@ek.example>', 'd@ek.example', 'the board']
    assert.equal(look({ to: inOne }, { carries: MAIL }).recipients, 5)
    assert.equal(look({ to: 'a@ek.example, b@ek.example, A@ek.example', from: 'm@ek.example' }).recipients, 2)
    assert.equal(look({ a: 'a@ek.example', b: ['b@ek.example'] }, { critical: ['*'] }).recipients, 2)
  })

  test('files with their size and type, by what they hold before what they say', () => {
    const text = { filename: 'a.csv', contentType: 'Text/CSV; charset=utf-8', size: 1, content: 'äb' }
    const both = { filename: 'c.bin', content: '', path: '/var/c.bin' }
    assert.equal(look({ files: [both] }, { carries: MAIL }).attachments[0]?.bytes, null)
    const coded = { filename: 'b.bin', encoding: 'base64', content: Buffer.alloc(100).toString('base64') }
    const told = { name: 'c', mimeType: 'image/png', size: 7 }
    const seen = (outgoing: Outgoing) =>
      outgoing.attachments.map(({ name, bytes, type }) => [name, bytes, type])
    const expected = [
      ['a.csv', 3, 'text/csv'],
      ['b.bin', 100, null],
      ['c', 7, 'image/png'],
    ]
    assert.deepEqual(seen(look({ files: [text, coded, told] }, { carries: MAIL })), expected)
    assert.deepEqual(
      seen(look({ body: { parts: [text, coded, told] } })),
      expected,
      'found when not declared',
    )
    assert.deepEqual(seen(look({ files: ['/tmp/x'] }, { carries: MAIL })), [['', null, null]])
    assert.deepEqual(seen(look({ files: null }, { carries: MAIL })), [])
    const data = { filename: 'd.bin', data: Buffer.alloc(100).toString('base64') }
    assert.deepEqual(seen(look({ files: [data] }, { carries: MAIL })), [['d.bin', 100, null]])
  })
})
