import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHoldfastError } from '../kernel/errors.ts'
import { customerId } from './identity.ts'
import { customerName, findCustomer, listCustomers, openCandidates, showCustomer } from './read.ts'
import { senderFacts } from './sender-facts.ts'
import { from, letter, type Office, OPTIONS, office } from './testing/letters.ts'

const JANE = customerId('jane@acme.example')
const BOB = customerId('bob@acme.example')
const ANN = customerId('ann@other.test')

function threeCustomers(): Office {
  const day = office()
  day.receive(letter({ signature: 'Jane Doe\n030 23125-014', messageId: 'j1@x' }))
  day.receive(letter({ ...from('Bob Roe <bob@acme.example>'), signature: 'Bob Roe\n030 23125-014' }))
  day.receive(letter(from('ann@other.test')))
  day.receive(letter({ subject: 'Once more', messageId: 'j2@x' }))
  return day
}

function refusal(call: () => unknown): { message: string; close: unknown } {
  try {
    call()
  } catch (error) {
    assert.ok(isHoldfastError(error) && error.code === 'CUSTOMER_NOT_FOUND')
    return { message: error.message, close: error.details.close }
  }
  throw new Error('It found one')
}

test('the list has the newest message first and reads on by position', () => {
  const { reader } = threeCustomers()
  const all = listCustomers(reader)
  assert.deepEqual(
    all.map(({ id }) => id),
    [JANE, ANN, BOB],
  )
  assert.deepEqual(
    [all[0]?.name, all[0]?.address, all[0]?.messages, all[1]?.name, all[1]?.address],
    ['Jane Doe', 'jane@acme.example', 2, '', 'ann@other.test'],
  )
  const page = listCustomers(reader, { limit: 2 })
  const next = listCustomers(reader, { limit: 2, after: page[1]?.lastPosition ?? 0 })
  assert.deepEqual([...page, ...next], all)
})

test('a customer is found by id, address, and any clear beginning', () => {
  const { reader } = threeCustomers()
  for (const text of [JANE, ' Jane@ACME.example ', JANE.slice(0, 8), JANE.slice(2, 8), 'jane@', 'Jane D']) {
    assert.equal(findCustomer(reader, text), JANE, text)
  }
})

test('who is not found is answered with who comes close', () => {
  const { reader } = threeCustomers()
  assert.deepEqual(
    new Set(refusal(() => findCustomer(reader, 'jnae@acme.example')).close as string[]),
    new Set([JANE, BOB]),
  )
  assert.match(refusal(() => findCustomer(reader, 'doe')).message, new RegExp(`${JANE} \\(Jane Doe\\)`))
  assert.deepEqual((refusal(() => findCustomer(reader, 'c-')).close as string[]).length, 3)
  for (const text of ['', '%', '_', 'nobody@nowhere.test']) {
    assert.deepEqual(refusal(() => findCustomer(reader, text)).close, [], text)
  }
  assert.deepEqual(refusal(() => showCustomer(reader, 'c-000000000000')).close, [])
})

test('the whole record, and the end of a long timeline', () => {
  const day = threeCustomers()
  const jane = showCustomer(day.reader, JANE)
  assert.deepEqual([jane.kind, jane.messages, jane.fields.name?.value], ['person', 2, 'Jane Doe'])
  assert.deepEqual(
    jane.addresses.map(({ value, joined }) => [value, joined]),
    [['jane@acme.example', 'first']],
  )
  assert.deepEqual(
    jane.phones.map(({ value, origin }) => [value, origin.how]),
    [['+493023125014', 'signature']],
  )
  assert.deepEqual(
    showCustomer(day.reader, JANE, 1).timeline.map(({ summary }) => summary),
    ['Once more'],
  )
  assert.deepEqual([customerName(day.reader, JANE), customerName(day.reader, ANN)], ['Jane Doe', null])
})

test('a stranger’s candidates are all holders of the number and all who wrote in the thread', () => {
  const { reader } = threeCustomers()
  const stranger = from('Jane Doe <jane@new.test>')
  const candidates = (fields: object) =>
    openCandidates(reader, senderFacts(letter({ ...stranger, ...fields }), OPTIONS))
  const holders = candidates({ signature: 'Jane Doe\n030 23125-014' })
  assert.deepEqual(new Set(holders.map(({ id }) => id)), new Set([JANE, BOB]))
  const writers = candidates({ inReplyTo: 'j2@x', references: ['j1@x', 'j2@x'] })
  assert.deepEqual(
    writers.map(({ id, wrote }) => [id, wrote]),
    [[JANE, ['j2@x', 'j1@x']]],
  )
  const both = candidates({ signature: 'Jane Doe\n030 23125-014', inReplyTo: 'j2@x' })
  assert.deepEqual(both.find(({ id }) => id === BOB)?.wrote, [])
  assert.deepEqual(candidates({}), [])
})
