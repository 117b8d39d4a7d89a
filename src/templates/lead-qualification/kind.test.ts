import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailMessage } from '../../mail/message.ts'
import { classifyKind, type MailFacts, type MailKind } from './kind.ts'
import { mailWith, NO_FACTS, PLAYBOOK } from './testing/mail.ts'

function kindOf(parts: Partial<MailMessage>, facts: Partial<MailFacts> = {}): MailKind {
  return classifyKind(mailWith(parts), { ...NO_FACTS, ...facts }, PLAYBOOK.notLeads).kind
}

const WANTS = { text: 'We need a new website. What would it cost?' }
const REPORT = 'multipart/report; report-type=delivery-status; boundary="x"'
const NOBODY = { name: 'Shop', address: 'no-reply@shop.example' }
const INVITATION = { method: 'REQUEST', summary: 'Kick-off', start: '2026-11-05T09:00:00Z', organizer: '' }

test('machines are told by their headers, whatever they write', () => {
  for (const [kind, parts] of [
    ['bounce', { headers: { 'content-type': REPORT } }],
    ['bounce', { headers: { 'x-failed-recipients': 'a@b.example' } }],
    [
      'bounce',
      {
        from: { name: '', address: 'mailer-daemon@mx.example' },
        subject: 'Undelivered Mail Returned to Sender',
      },
    ],
    ['auto-reply', { headers: { 'auto-submitted': 'auto-replied' } }],
    ['auto-reply', { headers: { precedence: 'auto_reply' } }],
    ['auto-reply', { subject: 'Automatische Antwort: Angebot' }],
    ['auto-reply', { subject: 'Réponse automatique : devis' }],
    ['auto-reply', { subject: '自動返信：お問い合わせ' }],
    ['spam', { headers: { 'x-spam-flag': 'YES' } }],
    ['calendar', { calendar: INVITATION }],
    ['calendar', { calendar: INVITATION, headers: { 'auto-submitted': 'auto-generated' } }],
    ['newsletter', { headers: { 'list-unsubscribe': '<https://list.example/u>' } }],
    ['newsletter', { headers: { 'list-id': '<news.example>' } }],
    ['newsletter', { headers: { precedence: 'bulk' } }],
    ['notice', { headers: { 'auto-submitted': 'auto-generated', precedence: 'bulk' } }],
    ['notice', { headers: { 'content-type': 'multipart/report; report-type=disposition-notification' } }],
    ['notice', { from: NOBODY, replyTo: NOBODY }],
  ] as const) {
    assert.equal(kindOf({ ...WANTS, ...parts }), kind, JSON.stringify(parts))
  }
})

test('a calendar that is only enclosed does not make an invitation', () => {
  assert.equal(kindOf({ ...WANTS, calendar: { ...INVITATION, method: 'PUBLISH' } }), 'lead-candidate')
})

test('what a web form sends in the name of a visitor is the mail of that visitor', () => {
  const visitor = { name: 'Ida Holm', address: 'ida@holm.example' }
  assert.equal(kindOf({ ...WANTS, from: NOBODY, replyTo: visitor }), 'lead-candidate')
  const own = { name: 'Form', address: 'mara@lindqvist.studio' }
  assert.equal(kindOf({ ...WANTS, from: own, replyTo: visitor }), 'lead-candidate')
  assert.equal(kindOf({ ...WANTS, from: own, replyTo: own }), 'own')
  const bulk = { headers: { 'list-unsubscribe': '<x>' } }
  assert.equal(kindOf({ ...WANTS, ...bulk, from: NOBODY, replyTo: visitor }), 'newsletter')
})

test('an answer is a conversation, a forwarded mail is not', () => {
  const answer = { inReplyTo: 'two@x.example', references: ['two@x.example'], quoted: '> Hello' }
  assert.equal(kindOf({ ...WANTS, ...answer, subject: 'Re: Website' }), 'conversation')
  assert.equal(kindOf({ ...WANTS, ...answer, subject: 'WG: Website' }), 'lead-candidate')
  assert.equal(kindOf({ ...WANTS, subject: 'Re: a faked answer' }), 'lead-candidate')
  assert.equal(kindOf(WANTS, { knownThread: true }), 'conversation')
})

test('who pretends to answer and sells is selling, unless the thread is known', () => {
  const pitch = { text: 'Just circling back: we help companies like yours with lead generation services.' }
  const answer = { ...pitch, inReplyTo: 'their-own@x.example' }
  assert.equal(kindOf(answer), 'pitch')
  assert.equal(kindOf(answer, { knownThread: true }), 'conversation')
})

test("the operator's list of senders is no lead, by address and by domain", () => {
  const notLeads = { ...PLAYBOOK.notLeads, senders: ['@weber-holzbau.example', 'ann@b.example'] }
  const kind = (address: string) =>
    classifyKind(mailWith({ ...WANTS, from: { name: '', address } }), NO_FACTS, notLeads).kind
  assert.equal(kind('jonas@weber-holzbau.example'), 'notice')
  assert.equal(kind('ann@b.example'), 'notice')
  assert.equal(kind('joann@c.example'), 'lead-candidate')
  assert.equal(kind('maryann@b.example'), 'lead-candidate')
})

test('the reasons quote what the judgement rests on', () => {
  const header = classifyKind(
    mailWith({ headers: { 'list-id': '<news.example>' } }),
    NO_FACTS,
    PLAYBOOK.notLeads,
  )
  assert.deepEqual(header.reasons, [
    {
      criterion: 'kind.newsletter',
      label: 'was sent to a list',
      words: '<news.example>',
      weight: 0,
      where: 'header',
    },
  ])
  const words = classifyKind(mailWith({ text: 'I attach my CV.' }), NO_FACTS, PLAYBOOK.notLeads)
  assert.deepEqual(
    words.reasons.map(({ words, where }) => [words, where]),
    [
      ['my CV', 'body'],
      ['CV', 'body'],
    ],
  )
})

test('more evidence makes it surer', () => {
  const confidence = (text: string) =>
    classifyKind(mailWith({ text }), NO_FACTS, PLAYBOOK.notLeads).confidence
  const hints = confidence('Our platform gives you a free trial.')
  const moreHints = confidence('Our platform gives you a free trial and a special offer.')
  const sure = confidence('May I write a guest post?')
  const surer = confidence('May I write a guest post with a backlink?')
  assert.ok(hints < moreHints && moreHints < sure && sure < surer)
})
