import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadKey } from './thread.ts'

test('a thread is known by its first message', () => {
  const message = { id: 'm-1', messageId: 'own@x', inReplyTo: 'before@x', references: ['root@x', 'before@x'] }
  assert.equal(threadKey(message), 'root@x')
  assert.equal(threadKey({ ...message, references: [] }), 'before@x')
  assert.equal(threadKey({ ...message, references: [], inReplyTo: null }), 'own@x')
  assert.equal(threadKey({ ...message, references: [], inReplyTo: null, messageId: null }), 'm-1')
})
