import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, type CustomerChange } from './change.ts'
import { customerId } from './identity.ts'
import { showCustomer } from './read.ts'
import { type Recorded, recordSender } from './record.ts'
import { from, letter, OPTIONS, office } from './testing/letters.ts'

const SIGNATURE = 'Jane Doe\nDirector, Acme GmbH\n0171 3920012'

function changeIn(recorded: Recorded): CustomerChange {
  return recorded.append?.events[0]?.body as unknown as CustomerChange
}

test('a first message makes the record, every value with its origin', () => {
  const message = letter({ signature: SIGNATURE })
  const recorded = recordSender(message, office().reader, OPTIONS)
  const id = customerId('jane@acme.example')
  const origin = (how: string) => ({ message: message.id, how, at: '2026-11-05T09:00:00.000Z' })
  assert.equal(recorded.customer, id)
  assert.deepEqual(recorded.append, {
    stream: `customer/${id}`,
    expectedVersion: 0,
    events: [
      {
        kind: 'customer.created',
        actor: 'intake',
        label: { trust: 'external', sources: [`mail:${message.id}`], readers: null },
        body: {
          id,
          kind: 'person',
          fields: {
            name: { value: 'Jane Doe', origin: origin('from header') },
            organisation: { value: 'Acme GmbH', origin: origin('signature') },
            role: { value: 'Director', origin: origin('signature') },
          },
          addresses: [{ value: 'jane@acme.example', origin: origin('from header'), joined: 'first' }],
          phones: [{ value: '+491713920012', origin: origin('signature') }],
          because: 'first message from jane@acme.example',
        },
      },
    ],
  })
})

test('nothing new is no event', () => {
  const { receive } = office()
  receive(letter({ signature: SIGNATURE }))
  assert.equal(receive(letter({ signature: SIGNATURE, subject: 'Again' })).append, null)
  assert.equal(receive(letter({ subject: 'Without signature' })).append, null)
})

test('an update holds only what is new, at the version that was seen', () => {
  const { receive } = office()
  receive(letter({}))
  const second = receive(letter({ signature: SIGNATURE }))
  assert.equal(second.append?.expectedVersion, 1)
  assert.equal(second.append?.events[0]?.kind, 'customer.updated')
  const { kind, fields, addresses, because } = changeIn(second)
  assert.deepEqual([kind, Object.keys(fields), addresses], [undefined, ['organisation', 'role'], []])
  assert.equal(because, 'says anew: organisation, role, phone')
  assert.equal(receive(letter({ signature: 'Jane Doe\n030 23125-014' })).append?.expectedVersion, 2)
})

test('values that disagree are all kept, the latest counts', () => {
  const { receive, reader } = office()
  const { customer } = receive(letter({ signature: 'Jane Doe\nDirector, Acme GmbH' }))
  receive(letter({ signature: 'Jane Doe\nPartner, Beta AG' }))
  const { organisation } = showCustomer(reader, customer).fields
  assert.equal(organisation?.value, 'Beta AG')
  assert.deepEqual(
    organisation?.others.map(({ value }) => value),
    ['Acme GmbH'],
  )
  receive(letter({ signature: 'Jane Doe\nDirector, Acme GmbH' }))
  assert.equal(showCustomer(reader, customer).fields.organisation?.value, 'Acme GmbH')
})

test('a signature does not overwrite the operator’s word, and is kept once', () => {
  const { receive, append, reader } = office()
  const { customer } = receive(letter({}))
  const origin = { message: null, how: 'owner', at: '2026-11-06T00:00:00.000Z' } as const
  const fields = { organisation: { value: 'Acme Holding', origin } }
  const change = { id: customer, fields, addresses: [], phones: [], because: 'the operator says so' }
  append('customer.updated', `customer/${customer}`, bodyOf(change))
  assert.notEqual(receive(letter({ signature: SIGNATURE })).append, null)
  const { organisation } = showCustomer(reader, customer).fields
  assert.equal(organisation?.value, 'Acme Holding')
  assert.deepEqual(
    organisation?.others.map(({ value }) => value),
    ['Acme GmbH', 'acme.example'],
  )
  assert.equal(receive(letter({ signature: SIGNATURE, subject: 'Again' })).append, null)
})

test('a guess is not kept beside what was written', () => {
  const { receive } = office()
  receive(letter({ signature: SIGNATURE }))
  assert.equal(receive(letter({})).append, null)
})

test('a second address joins with its evidence, and is known from then on', () => {
  const { receive, reader } = office()
  const { customer } = receive(letter({ signature: SIGNATURE }))
  const other = from('Jane Doe <jane@strandpost.test>')
  const joined = receive(letter({ ...other, fresh: 'Hi\n\nJane Doe\n+49 171 3920012' }))
  assert.equal(joined.customer, customer)
  assert.deepEqual(
    changeIn(joined).addresses.map(({ joined }) => joined),
    ['phone'],
  )
  assert.equal(receive(letter({ ...other, subject: 'Later' })).customer, customer)
  const addresses = showCustomer(reader, customer).addresses.map(({ value }) => value)
  assert.deepEqual(addresses, ['jane@acme.example', 'jane@strandpost.test'])
})

test('an answer from another address joins by the thread, ours or hers', () => {
  for (const inReplyTo of ['hers@acme.example', 'ours@lindqvist.studio']) {
    const { receive, append } = office()
    const { customer } = receive(letter({ messageId: 'hers@acme.example' }))
    append('run.started', 'run/r1', { workflow: 'lead-qualification', customer, parent: null })
    const output = { messageId: '<ours@lindqvist.studio>' }
    append('effect.succeeded', 'run/r1', { name: 'send', operation: 'maildir.send', output, via: 'perform' })
    assert.equal(receive(letter({ ...from('Jane Doe <jane@gmail.com>'), inReplyTo })).customer, customer)
    const bob = receive(letter({ ...from('Bob Roe <bob@gmail.com>'), inReplyTo }))
    assert.notEqual(bob.customer, customer)
  }
})

test('a spoofed display name makes a record of its own', () => {
  const { receive } = office()
  const { customer } = receive(letter({ signature: SIGNATURE }))
  const spoofed = receive(
    letter({ ...from('Jane Doe <jane.doe@evil.test>'), fresh: 'Please pay here instead.' }),
  )
  assert.notEqual(spoofed.customer, customer)
})

test('a machine that turns out to be a person becomes one, never the reverse', () => {
  const { receive, reader } = office()
  const bulk = { headers: { 'list-id': '<news>' } }
  const { customer } = receive(letter(bulk))
  assert.equal(showCustomer(reader, customer).kind, 'automated')
  receive(letter({}))
  assert.equal(showCustomer(reader, customer).kind, 'person')
  assert.equal(receive(letter({ ...bulk, subject: 'News' })).append, null)
})

test('after erasure the sender gets the same record, at its right version', () => {
  const { receive, log } = office()
  const { customer } = receive(letter({ signature: SIGNATURE }))
  const erased = office(log.map((event) => ({ ...event, body: null })))
  assert.deepEqual(showCustomer(erased.reader, customer).fields, {})
  const again = erased.receive(letter({ subject: 'Me again' }))
  assert.equal(again.customer, customer)
  assert.equal(again.append?.expectedVersion, 1)
  assert.equal(showCustomer(erased.reader, customer).fields.name?.value, 'Jane Doe')
})

test('senders without an address share one record that holds nothing of them', () => {
  const { receive, reader } = office()
  const { customer } = receive(letter(from('Jane Doe <>')))
  assert.deepEqual(receive(letter(from('Bob Roe <>'))), { customer, append: null })
  assert.deepEqual(showCustomer(reader, customer).fields, {})
})
