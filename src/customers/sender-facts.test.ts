import assert from 'node:assert/strict'
import { test } from 'node:test'
import { senderFacts } from './sender-facts.ts'
import { from, letter, OPTIONS } from './testing/letters.ts'

test('every fact says where it stands', () => {
  const facts = senderFacts(
    letter({
      ...from('Jane <jane@acme.example>'),
      fresh: 'You can call me on 0171 3920012.',
      signature: 'Jane Doe\nDirector, Acme GmbH\n+49 30 23125 418 · www.acme.example',
      language: 'eng',
      inReplyTo: 'b@x',
      references: ['a@x', 'b@x'],
    }),
    OPTIONS,
  )
  assert.deepEqual(facts, {
    kind: 'person',
    address: { value: 'jane@acme.example', how: 'from header' },
    fields: {
      name: { value: 'Jane Doe', how: 'signature' },
      organisation: { value: 'Acme GmbH', how: 'signature' },
      role: { value: 'Director', how: 'signature' },
      website: { value: 'https://www.acme.example', how: 'signature' },
      language: { value: 'eng', how: 'body' },
    },
    phones: [
      { value: '+493023125418', how: 'signature' },
      { value: '+491713920012', how: 'body' },
    ],
    thread: ['b@x', 'a@x'],
  })
})

test('a company is guessed from its domain, not from a free provider', () => {
  const organisation = (address: string) => senderFacts(letter(from(address)), OPTIONS).fields.organisation
  assert.deepEqual(organisation('jane@acme.example'), { value: 'acme.example', how: 'address domain' })
  assert.equal(organisation('jane@gmail.com'), undefined)
})

test('numbers of others are not the sender’s', () => {
  const phones = (fields: object) => senderFacts(letter(fields), OPTIONS).phones
  assert.deepEqual(phones({ fresh: 'Please ask Bob, his number is 0171 3920012.' }), [])
  assert.deepEqual(phones({ quoted: 'call me on 0171 3920012' }), [])
  const away = { headers: { 'auto-submitted': 'auto-replied' }, fresh: 'In urgent cases:\nTel. 0171 3920012' }
  assert.deepEqual(phones(away), [])
})

test('a filled-in form is read by its labels', () => {
  const facts = senderFacts(
    letter({
      ...from('Lindqvist Studio <wordpress@lindqvist.studio>'),
      replyTo: { name: '', address: 'naomi@optik.example' },
      headers: { 'auto-submitted': 'auto-generated' },
      fresh:
        'Your name: Naomi Achterberg\nSociété : Achterberg Optik\nPhone:\n+49 221 4710 655\nWebsite:\nMessage: hi',
      signature: 'Sent by Acme Forms GmbH',
    }),
    OPTIONS,
  )
  assert.equal(facts.kind, 'person')
  assert.deepEqual(facts.address, { value: 'naomi@optik.example', how: 'reply-to header' })
  assert.deepEqual(facts.fields, {
    name: { value: 'Naomi Achterberg', how: 'body' },
    organisation: { value: 'Achterberg Optik', how: 'body' },
  })
  assert.deepEqual(facts.phones, [{ value: '+492214710655', how: 'body' }])
})

test('machines and senders without an address have no more than a name', () => {
  const machine = senderFacts(
    letter({ ...from('Shop <noreply@acme.example>'), signature: '+49 30 23125 418' }),
    OPTIONS,
  )
  assert.deepEqual(machine.fields, { name: { value: 'Shop', how: 'from header' } })
  assert.deepEqual(machine.phones, [])
  const nobody = senderFacts(letter(from('Jane Doe <>')), OPTIONS)
  assert.deepEqual([nobody.kind, nobody.fields], ['automated', {}])
})
