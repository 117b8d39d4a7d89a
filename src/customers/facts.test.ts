import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeOf } from './change.ts'
import { countryOf, customerFacts } from './facts.ts'
import { recordSender } from './record.ts'
import { from, letter, OPTIONS, office } from './testing/letters.ts'

test('what a segment can ask: the fields that count, all addresses and domains, country, since when, how many', () => {
  const place = office()
  const { customer } = place.receive(
    letter({
      ...from('Jane Doe <jane@acme.example.se>'),
      signature: 'Jane Doe\nAcme AB\n+44 20 7946 0123',
      text: 'Hello\n\nJane Doe\nAcme AB\n+44 20 7946 0123',
    }),
  )
  const facts = customerFacts(place.reader, customer)
  assert.deepEqual(
    [facts.kind, facts.name, facts.address, facts.domain, facts.messages],
    ['person', 'Jane Doe', ['jane@acme.example.se'], ['acme.example.se'], 1],
  )
  assert.match(String(facts.since), /^\d{4}-\d\d-\d\dT/)
})

test('who is just being put on record is known already', () => {
  const place = office()
  const message = letter(from('Ada Ek <ada@ek.se>'))
  const { customer, append } = recordSender(message, place.reader, OPTIONS)
  const change = changeOf(append?.events[0]?.body ?? null)
  assert.ok(change)
  const time = Date.parse('2026-03-01')
  assert.deepEqual(customerFacts(place.reader, customer, { customer: change, time }), {
    kind: 'person',
    name: 'Ada Ek',
    organisation: 'ek.se',
    address: ['ada@ek.se'],
    domain: ['ek.se'],
    country: 'SE',
    since: '2026-03-01T00:00:00.000Z',
    messages: 1,
  })
  assert.deepEqual(customerFacts(place.reader, 'c-nobody'), { address: [], domain: [], messages: 0 })
})

test('the country is that of a phone number, else of a domain, where an ending says one', () => {
  assert.equal(countryOf(['+4687654321'], ['acme.de']), 'SE')
  assert.equal(countryOf([], ['acme.com', 'acme.co.uk']), 'GB')
  for (const domain of ['acme.io', 'acme.eu', 'acme.example', 'acme'])
    assert.equal(countryOf([], [domain]), null)
})
