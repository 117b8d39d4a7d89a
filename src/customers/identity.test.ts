import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Candidate, customerId, resolveSender } from './identity.ts'
import type { SenderFacts } from './sender-facts.ts'

const MOBILE = '+491713920012'
const SWITCHBOARD = '+493023125014'

interface Sender {
  address?: string
  name?: string
  phones?: string[]
  thread?: string[]
  kind?: SenderFacts['kind']
}

function sender({
  address = 'jane.doe@private.test',
  name = 'Jane Doe',
  phones = [],
  ...more
}: Sender): SenderFacts {
  return {
    kind: 'person',
    address: { value: address, how: 'from header' },
    fields: name === '' ? {} : { name: { value: name, how: 'from header' } },
    phones: phones.map((value) => ({ value, how: 'signature' })),
    thread: [],
    ...more,
  }
}

const jane: Candidate = {
  id: 'c-jane',
  kind: 'person',
  name: 'Jane Doe',
  addresses: ['jane@acme.example'],
  phones: [MOBILE],
  wrote: ['her-letter@acme.example'],
}

test('the same address is the same customer, whatever else it says', () => {
  const found = resolveSender(sender({ address: 'jane@acme.example', name: 'Bob' }), [jane])
  assert.deepEqual([found.customer, found.joined], ['c-jane', 'address'])
})

test('a second address joins by name and phone', () => {
  const found = resolveSender(sender({ name: 'Doe, Jane', phones: ['+4930999', MOBILE] }), [jane])
  assert.deepEqual([found.customer, found.joined, found.evidence], ['c-jane', 'person', 'phone'])
  assert.match(found.because, /Doe, Jane.*\+491713920012/)
})

test('a second address joins by name and thread', () => {
  const found = resolveSender(sender({ thread: ['other@x', 'her-letter@acme.example'] }), [jane])
  assert.deepEqual([found.customer, found.joined, found.evidence], ['c-jane', 'person', 'thread'])
})

test('the name alone, the phone alone, the thread alone do not join', () => {
  const apart: Sender[] = [
    {},
    { name: 'Bob Roe', phones: [MOBILE] },
    { name: 'Bob Roe', thread: ['her-letter@acme.example'] },
    { name: '', phones: [MOBILE] },
    { phones: [SWITCHBOARD] },
    { phones: [`${MOBILE};ext=7`] },
    { thread: ['another@acme.example'] },
  ]
  for (const one of apart) assert.equal(resolveSender(sender(one), [jane]).joined, 'new', JSON.stringify(one))
})

test('a first name is no evidence, also when it is the same', () => {
  const first = resolveSender(sender({ name: 'Jane', phones: [MOBILE] }), [{ ...jane, name: 'Jane' }])
  assert.equal(first.joined, 'new')
})

test('a number that somebody else has too is no evidence', () => {
  const bob = { ...jane, id: 'c-bob', name: 'Bob Roe', addresses: ['bob@acme.example'], wrote: [] }
  assert.equal(resolveSender(sender({ phones: [MOBILE] }), [jane, bob]).joined, 'new')
  assert.equal(resolveSender(sender({ phones: [MOBILE] }), [jane, { ...bob, name: '' }]).joined, 'new')
})

test('a hotline is no evidence', () => {
  const hotline = '+498001234567'
  assert.equal(resolveSender(sender({ phones: [hotline] }), [{ ...jane, phones: [hotline] }]).joined, 'new')
})

test('two addresses at one company are two people, unless the thread says otherwise', () => {
  const address = 'jane.doe2@acme.example'
  assert.equal(resolveSender(sender({ address, phones: [MOBILE] }), [jane]).joined, 'new')
  const answered = resolveSender(sender({ address, thread: ['her-letter@acme.example'] }), [jane])
  assert.equal(answered.joined, 'person')
  const free = { ...jane, addresses: ['jane@gmail.com'] }
  assert.equal(
    resolveSender(sender({ address: 'jane.doe@gmail.com', phones: [MOBILE] }), [free]).joined,
    'person',
  )
})

test('what fits two records joins neither, and says so', () => {
  const other = { ...jane, id: 'c-jane2', addresses: ['jane@other.example'], wrote: [] }
  const found = resolveSender(sender({ phones: [MOBILE] }), [jane, other])
  assert.equal(found.joined, 'new')
  assert.match(found.because, /c-jane and c-jane2/)
})

test('machines join nobody, and nobody joins them', () => {
  const both = { phones: [MOBILE], thread: ['her-letter@acme.example'] }
  assert.equal(resolveSender(sender({ ...both, kind: 'automated' }), [jane]).joined, 'new')
  assert.equal(resolveSender(sender(both), [{ ...jane, kind: 'automated' }]).joined, 'new')
})

test('plus and dots are other addresses', () => {
  const gmail = { ...jane, addresses: ['jane.doe@gmail.com'] }
  for (const address of ['janedoe@gmail.com', 'jane.doe+shop@gmail.com']) {
    assert.equal(resolveSender(sender({ address }), [gmail]).joined, 'new')
  }
})

test('the id follows from the address', () => {
  const address = 'jane.doe@private.test'
  assert.equal(resolveSender(sender({ address }), []).customer, customerId(address))
  assert.match(customerId(address), /^c-[0-9a-f]{12}$/)
})

test('an id made to collide does not open the record of another', () => {
  const address = 'mallory@evil.test'
  const victim = { ...jane, id: customerId(address) }
  const { customer, joined } = resolveSender(sender({ address, name: 'Mallory' }), [victim])
  assert.equal(joined, 'new')
  assert.match(customer, /^c-[0-9a-f]{64}$/)
  const erased = { ...victim, addresses: [] }
  assert.equal(resolveSender(sender({ address }), [erased]).customer, erased.id)
})
