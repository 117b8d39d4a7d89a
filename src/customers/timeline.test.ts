import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../kernel/event.ts'
import type { JsonObject } from '../kernel/json.ts'
import { SYSTEM } from '../kernel/label.ts'
import { runEntry, sentMessageId } from './timeline.ts'

function eventOf(kind: string, body: JsonObject | null): StoredEvent {
  const header = { position: 1, stream: 'run/r1', version: 1, kind, time: 0, actor: 'test' }
  return { ...header, cause: null, correlation: null, label: SYSTEM, body }
}

test('one line for each kind, with what it is about', () => {
  const lines: [string, JsonObject, string, string][] = [
    ['run.completed', { output: { outcome: 'won' } }, 'leads completed: won', 'r1'],
    ['run.completed', { output: null }, 'leads completed', 'r1'],
    ['run.failed', { error: { code: 'X', message: 'No luck' } }, 'leads failed: No luck', 'r1'],
    ['run.cancelled', { reason: 'not wanted' }, 'leads cancelled: not wanted', 'r1'],
    ['review.requested', { review: 'v1', summary: 'Reply to Jane' }, 'Reply to Jane', 'v1'],
    [
      'review.answered',
      { review: 'v1', verdict: 'responded', instruction: 'shorter' },
      'responded: shorter',
      'v1',
    ],
    ['effect.succeeded', { operation: 'smtp.send' }, 'smtp.send done', 'r1'],
    ['decision.made', { name: 'qualify', answer: 'lead' }, 'qualify: lead', 'r1'],
    ['decision.made', { name: 'qualify', answer: { b: 1, a: true } }, 'qualify: {"a":true,"b":1}', 'r1'],
    [
      'decision.made',
      { name: 'qualify', answer: { isLead: true, kind: 'lead-candidate', quality: 'hot', score: 110 } },
      'qualified: hot lead, 110 points',
      'r1',
    ],
    ['decision.made', { name: 'qualify', answer: { isLead: false, kind: 'spam' } }, 'no lead: spam', 'r1'],
    [
      'decision.made',
      { name: 'draft reply', answer: { subject: 'Re: A site', body: 'Dear Jane' } },
      'draft reply: “Re: A site”',
      'r1',
    ],
    [
      'effect.succeeded',
      { name: 'send reply', operation: 'maildir.send', output: { messageId: 'a@b' } },
      'reply sent',
      'r1',
    ],
    ['effect.succeeded', { name: 'send reply', operation: 'fax.send', output: null }, 'fax.send done', 'r1'],
  ]
  for (const [kind, body, summary, ref] of lines) {
    assert.deepEqual(runEntry(eventOf(kind, body), 'leads', 'r1'), { summary, ref })
  }
})

test('a line is short and holds no control characters', () => {
  const body = { name: 'note', answer: `\u001b[31m${'x'.repeat(1_000)}\n` }
  const { summary } = runEntry(eventOf('decision.made', body), 'leads', 'r1')
  assert.equal(summary.length, 200)
  assert.doesNotMatch(summary, /\p{Cc}/u)
})

test('only an effect that sent mail has a Message-ID', () => {
  assert.equal(sentMessageId(eventOf('effect.succeeded', { output: { messageId: '<a@b>' } })), 'a@b')
  assert.equal(sentMessageId(eventOf('effect.succeeded', { output: { messageId: 7 } })), '')
  assert.equal(sentMessageId(eventOf('run.completed', { output: { messageId: 'a@b' } })), '')
  assert.equal(sentMessageId(eventOf('effect.succeeded', null)), '')
})
