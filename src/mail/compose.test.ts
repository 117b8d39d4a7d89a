import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeMail, domainOf, isOwnMessageId, messageIdFor } from './compose.ts'
import { type OutgoingMail, outgoingMail } from './outgoing.ts'
import { parseMail } from './parse.ts'

const DRAFT: OutgoingMail = {
  from: { name: 'Måra "Studio", Lindqvist', address: 'mara@studio.example' },
  to: [{ name: 'Anna Berg', address: 'anna@berg.example' }],
  subject: 'Re: Größe und Preis',
  text: 'Hej\n.\nFrom me åäö\n',
  inReplyTo: 'a1@berg.example',
  references: ['root@berg.example', 'a1@berg.example'],
}
const CONTEXT = {
  messageId: messageIdFor('run-1/send', 'studio.example'),
  date: new Date('2026-10-05T08:12:00Z'),
}

test('what is composed is read back the same', async () => {
  const message = await parseMail(await composeMail(DRAFT, CONTEXT))
  assert.deepEqual(
    { from: message.from, to: message.to, subject: message.subject, text: message.text },
    { from: DRAFT.from, to: DRAFT.to, subject: DRAFT.subject, text: DRAFT.text.trim() },
  )
  assert.deepEqual([message.inReplyTo, message.references], [DRAFT.inReplyTo, DRAFT.references])
  assert.equal(`<${message.messageId}>`, CONTEXT.messageId)
  assert.equal(message.date, '2026-10-05T08:12:00.000Z')
})

test('the same draft and context give the same bytes, with CRLF throughout', async () => {
  const raw = await composeMail(DRAFT, CONTEXT)
  assert.deepEqual(await composeMail(DRAFT, CONTEXT), raw)
  assert.equal(/(?<!\r)\n|\r(?!\n)/.test(raw.toString('latin1')), false)
})

test('a mail that answers nothing has no thread headers', async () => {
  const raw = await composeMail({ ...DRAFT, inReplyTo: null, references: [] }, CONTEXT)
  assert.doesNotMatch(raw.toString(), /^(In-Reply-To|References):/im)
})

const bad = 'x\r\nBcc: everyone@x.example'
for (const [what, change] of Object.entries({
  'the subject': { subject: bad },
  'a bare line feed': { subject: 'x\nBcc: y@x.example' },
  'a line separator': { subject: 'x\u2028Bcc: y@x.example' },
  'the name of the sender': { from: { name: bad, address: 'a@x.example' } },
  'the address of the sender': { from: { name: '', address: `a@x.example\r\nBcc: y@x.example` } },
  'a recipient': { to: [{ name: '', address: 'a@x.example\nBcc: y@x.example' }] },
  'two recipients in one': { to: [{ name: '', address: 'a@x.example, b@x.example' }] },
  'a name inside an address': { to: [{ name: '', address: 'Anna <a@x.example>' }] },
  inReplyTo: { inReplyTo: 'a@x>\r\nBcc: y@x.example' },
  references: { references: ['a@x', 'b@x> <c@x'] },
  'no recipient': { to: [] },
  'an unknown field': { bcc: [{ name: '', address: 'a@x.example' }] },
})) {
  test(`refused: ${what}`, async () => {
    assert.equal(outgoingMail.safeParse({ ...DRAFT, ...change }).success, false)
    await assert.rejects(composeMail({ ...DRAFT, ...change }, CONTEXT), { code: 'INPUT_INVALID' })
  })
}

test('a Message-ID of ours is known by its form', () => {
  const id = messageIdFor('k', 'bücher.example').slice(1, -1)
  assert.equal(isOwnMessageId(id), true)
  for (const other of [`x${id}`, `${id} `, id.replace('hf-', ''), 'hf-1@a.example', `${id}/x`]) {
    assert.equal(isOwnMessageId(other), false, other)
  }
})

test('the Message-ID follows from the idempotency key', () => {
  assert.match(messageIdFor('k', 'studio.example'), /^<hf-[0-9a-f]{32}@studio\.example>$/)
  assert.equal(messageIdFor('k', 'studio.example'), messageIdFor('k', 'studio.example'))
  assert.notEqual(messageIdFor('k2', 'studio.example'), messageIdFor('k', 'studio.example'))
  assert.match(messageIdFor('k', domainOf('a@bücher.example')), /@xn--bcher-kva\.example>$/)
})
