import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headerValue, isoDate, keptHeaders, messageIds } from './headers.ts'

test('a folded field is one line', () => {
  assert.equal(
    headerValue([{ key: 'list-id', line: 'List-Id: A list\r\n\t<a.example>' }], 'list-id'),
    'A list <a.example>',
  )
  assert.equal(headerValue([], 'list-id'), null)
})

test('only the fields that tell machines from people are kept', () => {
  const lines = [
    { key: 'received', line: 'Received: from x' },
    { key: 'precedence', line: 'Precedence: bulk' },
    { key: 'return-path', line: 'Return-Path: <>' },
  ]
  assert.deepEqual(keptHeaders(lines), { precedence: 'bulk', 'return-path': '<>' })
})

test('Message-IDs: without brackets or space between them, broken by folding, with comments', () => {
  assert.deepEqual(messageIds('<a@x><b@x> <c @x>'), ['a@x', 'b@x', 'c@x'])
  assert.deepEqual(messageIds('Your message of Monday <a@x> <a@x>'), ['a@x'])
  assert.deepEqual(messageIds('a@x b@x'), ['a@x', 'b@x'])
  assert.deepEqual(messageIds('<>'), [])
  assert.deepEqual(messageIds(null), [])
})

test('of too many references the root and the newest are kept', () => {
  const ids = messageIds(Array.from({ length: 300 }, (_, i) => `<${i}@x>`).join(' '))
  assert.deepEqual([ids.length, ids[0], ids[1], ids.at(-1)], [100, '0@x', '201@x', '299@x'])
})

test('dates', () => {
  assert.equal(isoDate('Mon, 5 Oct 2026 10:12:00 +0200 (CEST)'), '2026-10-05T08:12:00.000Z')
  assert.equal(isoDate('5 Oct 2026 10:12:00 GMT'), '2026-10-05T10:12:00.000Z')
  assert.equal(isoDate('Mon, 5 Oct 2026 10:12:00'), '2026-10-05T10:12:00.000Z', 'no zone is UTC everywhere')
  assert.equal(isoDate('yesterday'), null)
  assert.equal(isoDate(''), null)
})

test('a year beyond what ISO 8601 holds in four digits is unreadable', () => {
  assert.equal(isoDate('Mon, 5 Oct 99999 10:12:00 +0000'), null)
})
