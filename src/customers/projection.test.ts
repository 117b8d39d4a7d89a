import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../kernel/event.ts'
import { customersProjection } from './projection.ts'
import { showCustomer } from './read.ts'
import { letter, type Office, office } from './testing/letters.ts'

/** A message from Jane, a run about her with all that can happen in it, and a run that is about nobody. */
function janesDay(): { day: Office; customer: string } {
  const day = office()
  const { customer } = day.receive(letter({ subject: 'A new website', signature: 'Jane Doe\n0171 3920012' }))
  day.append('run.started', 'run/r1', { workflow: 'leads', customer, parent: null })
  day.append('decision.made', 'run/r1', { name: 'qualify', answer: 'lead', confidence: 0.9 })
  day.append('review.requested', 'run/r1', { name: 'reply', review: 'v1', summary: 'Reply to Jane Doe' })
  day.append('review.answered', 'run/r1', { name: 'reply', review: 'v1', verdict: 'approved', reason: '' })
  day.append('effect.succeeded', 'run/r1', {
    name: 'send',
    operation: 'smtp.send',
    output: {},
    via: 'perform',
  })
  day.append('run.started', 'run/r2', {
    workflow: 'follow-up',
    customer: null,
    parent: { run: 'r1', name: 'x' },
  })
  day.append('run.completed', 'run/r2', { output: null })
  day.append('run.started', 'run/r3', { workflow: 'backup', customer: null, parent: null })
  day.append('run.failed', 'run/r3', { error: { code: 'X', message: 'disk full' } })
  day.append('run.completed', 'run/r1', { output: { outcome: 'won' } })
  return { day, customer }
}

function rows({ reader }: Office): Record<string, unknown[]> {
  const all = (table: string) =>
    reader.all(`SELECT * FROM ${table} ORDER BY 1, 2`).map((row) => ({ ...(row as object) }))
  return Object.fromEntries(customersProjection.tables.map((table) => [table, all(table)]))
}

test('the timeline tells what happened with a customer, runs of runs included', () => {
  const { day, customer } = janesDay()
  const told = showCustomer(day.reader, customer).timeline.map(({ kind, summary, ref }) => [
    kind,
    summary,
    ref,
  ])
  const message = day.log[0]?.stream.slice('mail/'.length)
  assert.deepEqual(told, [
    ['message.received', 'A new website', message],
    ['customer.created', 'first message from jane@acme.example', message],
    ['run.started', 'leads started', 'r1'],
    ['decision.made', 'qualify: lead', 'r1'],
    ['review.requested', 'Reply to Jane Doe', 'v1'],
    ['review.answered', 'approved', 'v1'],
    ['effect.succeeded', 'smtp.send done', 'r1'],
    ['run.started', 'follow-up started', 'r2'],
    ['run.completed', 'follow-up completed', 'r2'],
    ['run.completed', 'leads completed: won', 'r1'],
  ])
})

test('the order of message and record within a commit does not matter', () => {
  const { log } = janesDay().day
  const [message, record, ...rest] = log
  const swapped = [record, message].map((event, i) => ({ ...(event as StoredEvent), position: i + 1 }))
  const [one] = rows(office([...swapped, ...rest])).customers as {
    version: number
    messages: number
    kind: string
  }[]
  assert.deepEqual([one?.version, one?.messages, one?.kind], [1, 1, 'person'])
  const [other] = rows(office(log)).customers as { version: number; messages: number; kind: string }[]
  assert.deepEqual([other?.version, other?.messages, other?.kind], [1, 1, 'person'])
})

test('folding the log again gives the same rows', () => {
  const { day } = janesDay()
  assert.deepEqual(rows(office(day.log)), rows(day))
})

test('erased events leave no word behind, and the version stays right', () => {
  const { day, customer } = janesDay()
  const erased = office(day.log.map((event) => ({ ...event, body: null })))
  const left = JSON.stringify(rows(erased))
  for (const word of ['Jane', 'jane', '3920012', 'website', 'qualify', 'approved']) {
    assert.equal(left.includes(word), false, `${word} in ${left}`)
  }
  assert.equal(
    erased.reader.get<{ version: number }>('SELECT version FROM customers WHERE id = ?', customer)?.version,
    1,
  )
})

test('any one event can be erased: its line goes, and the fold goes on', () => {
  const { day, customer } = janesDay()
  const lines = showCustomer(day.reader, customer).timeline.length
  for (const gone of day.log) {
    const partly = office(day.log.map((event) => (event === gone ? { ...event, body: null } : event)))
    const left = showCustomer(partly.reader, customer).timeline
    const isTold = left.some(({ position }) => position === gone.position)
    assert.equal(isTold, false, gone.kind)
    if (gone.kind !== 'run.started' && !gone.stream.includes('r3'))
      assert.equal(left.length, lines - 1, gone.kind)
  }
})

test('an address belongs to the record that had it first', () => {
  const { day, customer } = janesDay()
  const origin = { message: null, how: 'owner', at: null }
  const addresses = [{ value: 'jane@acme.example', origin, joined: 'owner' }]
  day.append('customer.created', 'customer/c-2', {
    id: 'c-2',
    kind: 'person',
    fields: {},
    addresses,
    phones: [],
    because: '',
  })
  assert.equal(showCustomer(day.reader, 'c-2').addresses.length, 0)
  assert.equal(showCustomer(day.reader, customer).addresses.length, 1)
})

test('a message without a date has the time of recording as its origin', () => {
  const day = office()
  const { customer } = day.receive(letter({ date: null }))
  assert.match(showCustomer(day.reader, customer).fields.name?.origin.at ?? '', /^2026-11-/)
})

test('a known sender’s message costs a handful of rows, found by index', () => {
  const { day } = janesDay()
  const before = Object.values(rows(day)).flat().length
  day.receive(letter({ subject: 'Again', messageId: 'again@acme.example' }))
  assert.equal(Object.values(rows(day)).flat().length - before, 2)
  const lookups = [
    'SELECT * FROM customers_addresses WHERE customer = ?',
    "SELECT * FROM customers_fields WHERE field = 'phone' AND value = ?",
    "SELECT * FROM customers_fields WHERE customer = ? AND field = 'name' AND current = 1",
    'SELECT * FROM customers_timeline WHERE customer = ? ORDER BY position DESC LIMIT 5',
    'SELECT * FROM customers_messages WHERE message_id = ?',
  ]
  for (const sql of lookups) {
    const plan = day.reader
      .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, 'x')
      .map(({ detail }) => detail)
      .join()
    assert.match(plan, /USING (INDEX|PRIMARY KEY)/, sql)
    assert.doesNotMatch(plan, /SCAN|TEMP B-TREE/, sql)
  }
})
