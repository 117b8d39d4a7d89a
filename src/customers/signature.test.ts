import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closingOf, signatureFacts } from './signature.ts'

const jane = { name: 'Jane Doe', address: 'jane@tidewell-pharmacy.example' }

test('role and organisation, in the shapes they come in', () => {
  const shapes = [
    'Jane Doe\nHead of Operations\nTidewell Pharmacy\n12 High Street',
    'Jane Doe | Head of Operations | Tidewell Pharmacy',
    'Head of Operations at Tidewell Pharmacy',
    'Jane Doe, Head of Operations, Tidewell Pharmacy, London',
  ]
  for (const closing of shapes) {
    const { role, organisation } = signatureFacts(closing, jane)
    assert.deepEqual(
      { role, organisation },
      { role: 'Head of Operations', organisation: 'Tidewell Pharmacy' },
    )
  }
})

test('a legal form makes an organisation, also behind a comma', () => {
  const { organisation, role } = signatureFacts(
    'Jane Doe\nGeschäftsführerin\nNordlicht Möbel GmbH & Co. KG',
    jane,
  )
  assert.deepEqual([organisation, role], ['Nordlicht Möbel GmbH & Co. KG', 'Geschäftsführerin'])
  assert.equal(signatureFacts('Jane Doe\nAcme, Inc.', jane).organisation, 'Acme, Inc.')
})

test('greetings, towns and streets are nothing', () => {
  const facts = signatureFacts('Best Wishes\nJane\nBerlin\nAm Lindenhof 3\nTel: +49 30 23125 418', jane)
  assert.deepEqual(facts, { name: null, role: null, organisation: null, website: null })
})

test('a name is believed when it fits the address or the first name', () => {
  const closing = 'Kind Regards\nMarlow Finch\nGarden Centre'
  assert.equal(signatureFacts(closing, { name: '', address: 'marlow@x.example' }).name, 'Marlow Finch')
  assert.equal(signatureFacts(closing, { name: 'Marlow', address: 'a@x.example' }).name, 'Marlow Finch')
  assert.equal(signatureFacts(closing, { name: '', address: 'info@x.example' }).name, null)
})

test('a website, without tracking and not a network', () => {
  const closing = 'https://www.linkedin.com/in/jane\n[www.acme.example/?utm_source=sig]'
  assert.equal(signatureFacts(closing, jane).website, 'https://www.acme.example')
})

test('without a marked signature the closing begins with the full name', () => {
  const fresh = 'Hello,\nJane Doe here.\n\nBest\nJane\n\nJane Doe\nDirector, Acme\n+49 30 23125 418'
  assert.equal(closingOf('', fresh, 'Doe, Jane'), 'Jane Doe\nDirector, Acme\n+49 30 23125 418')
  assert.equal(closingOf('Sent from my iPhone', fresh, 'Jane Doe').split('\n')[0], 'Jane Doe')
  assert.equal(closingOf('', 'No name at the end', 'Jane Doe'), '')
  assert.equal(closingOf('', fresh, 'Jane'), '')
})

test('a long line of blanks does not hold the process up', () => {
  const blanks = `${' '.repeat(400_000)}x`
  const begin = performance.now()
  signatureFacts(closingOf('', `Jane Doe\n${blanks}`, 'Jane Doe'), jane)
  signatureFacts(closingOf(blanks, '', 'Jane Doe'), jane)
  assert.ok(performance.now() - begin < 10_000)
})
