import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseMail } from '../../mail/parse.ts'
import { armCrashPoints } from '../../ports/crash-points.ts'
import { attempt, filesIn, MAIL, onlySent, temporaryFolder } from '../maildir/testing/mail.ts'
import { type Mood, startServer, type TestServer } from '../testing/smtp-server.ts'
import { type SmtpSendOptions, sendBySmtp } from './send.ts'

const NOON = Date.parse('2026-10-05T12:00:00Z')

async function server(t: TestContext, mood: Mood = {}): Promise<TestServer> {
  const started = await startServer(mood)
  t.after(() => started.close())
  return started
}

function optionsIn(dir: string, change: Partial<SmtpSendOptions>): SmtpSendOptions {
  return {
    host: '127.0.0.1',
    port: 1,
    secure: false,
    auth: null,
    sentDir: join(dir, 'Sent'),
    outboxDir: join(dir, 'outbox'),
    now: () => NOON,
    timeoutMs: 5000,
    ...change,
  }
}

/** The operation, with a lookup for sure. */
function sendOf(options: SmtpSendOptions) {
  const { perform, lookup } = sendBySmtp(options)
  assert(lookup)
  return { perform, lookup }
}

/** A connector over folders of its own, and what is in them. */
function connectorFor(t: TestContext, change: Partial<SmtpSendOptions>) {
  const dir = temporaryFolder(t)
  const options = optionsIn(dir, change)
  return {
    ...sendOf(options),
    options,
    sent: () => filesIn(dir, 'Sent', 'cur').length,
    outbox: () => filesIn(dir, 'outbox').length,
  }
}

test('a mail is sent once, filed as it was sent, and its mark is gone', async (t) => {
  const { port, taken, recipients } = await server(t)
  const { perform, lookup, options, sent, outbox } = connectorFor(t, { port })
  const output = await perform(MAIL, attempt('key'))
  assert.deepEqual(output.accepted, ['anna@berg.example'])
  assert.deepEqual(recipients, [['anna@berg.example']])
  assert(onlySent(options.sentDir).endsWith(taken[0] ?? 'nothing'))
  const message = await parseMail(Buffer.from(taken[0] ?? ''))
  assert.deepEqual(
    [message.messageId, message.subject, message.references, message.text],
    [output.messageId, MAIL.subject, MAIL.references, MAIL.text.trim()],
  )
  assert.deepEqual(await perform(MAIL, attempt('key')), output)
  assert.deepEqual([taken.length, sent(), outbox()], [1, 1, 0])
  assert.deepEqual(await lookup(MAIL, attempt('key')), { found: 'yes', output })
  assert.equal((await lookup(MAIL, attempt('other'))).found, 'no')
})

interface Failing {
  readonly mood?: Mood
  readonly change?: Partial<SmtpSendOptions>
  readonly code: string
}

const NOT_SENT: Record<string, Failing> = {
  'nobody listens': { change: { port: 1 }, code: 'CONNECTOR_UNAVAILABLE' },
  'the host has no address': { change: { host: 'nowhere.invalid' }, code: 'CONNECTOR_UNAVAILABLE' },
  greylisting: { mood: { recipients: { 'anna@berg.example': 451 } }, code: 'CONNECTOR_UNAVAILABLE' },
  'an unknown recipient': { mood: { recipients: { 'anna@berg.example': 550 } }, code: 'CONNECTOR_REFUSED' },
  'the mail is refused once it was read': { mood: { atEnd: 554 }, code: 'CONNECTOR_REFUSED' },
  'the disk of the server is full': { mood: { atEnd: 452 }, code: 'CONNECTOR_UNAVAILABLE' },
  'a wrong password': {
    mood: { options: { allowInsecureAuth: true } },
    change: { auth: { user: 'mara', pass: 'wrong' } },
    code: 'CONNECTOR_REFUSED',
  },
  'a mail too large for the server': { mood: { options: { size: 100 } }, code: 'CONNECTOR_REFUSED' },
}

for (const [what, { mood, change, code }] of Object.entries(NOT_SENT)) {
  test(`surely not sent: ${what}`, async (t) => {
    const { port } = await server(t, mood)
    const { perform, lookup, sent, outbox } = connectorFor(t, { port, ...change })
    await assert.rejects(perform(MAIL, attempt('key')), { code })
    assert.deepEqual([sent(), outbox()], [0, 0])
    assert.equal((await lookup(MAIL, attempt('key'))).found, 'no')
  })
}

test('surely not sent: a server that never greets', async (t) => {
  const silent = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => silent.close())
  const address = silent.address()
  assert(typeof address === 'object' && address !== null)
  const { perform, outbox } = connectorFor(t, { port: address.port, timeoutMs: 200 })
  await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.equal(outbox(), 0)
})

for (const [what, mood] of Object.entries({
  'it falls silent after the mail': { atEnd: 'hang' },
  'it hangs up after the mail': { atEnd: 'hang up' },
} as const)) {
  test(`outcome unknown: ${what}`, async (t) => {
    const { port } = await server(t, mood)
    const { perform, lookup, sent, outbox } = connectorFor(t, { port, timeoutMs: 300 })
    await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_OUTCOME_UNKNOWN' })
    assert.deepEqual([sent(), outbox()], [0, 1])
    const found = await lookup(MAIL, attempt('key'))
    assert(found.found === 'unknown' && found.ifDone)
    assert.match(found.why ?? '', /<hf-[0-9a-f]{32}@studio\.example>/)
    assert.deepEqual(found.ifDone.accepted, ['anna@berg.example'])
  })
}

test('called off while the server is silent, the outcome is unknown, and it ends at once', async (t) => {
  const { port } = await server(t, { atEnd: 'hang' })
  const { perform, outbox } = connectorFor(t, { port, timeoutMs: 60_000 })
  await assert.rejects(perform(MAIL, attempt('key', AbortSignal.timeout(300))), {
    code: 'CONNECTOR_OUTCOME_UNKNOWN',
  })
  assert.equal(outbox(), 1)
})

test('called off before it began, nothing is sent', async (t) => {
  const { port, taken } = await server(t)
  const { perform, outbox } = connectorFor(t, { port })
  await assert.rejects(perform(MAIL, attempt('key', AbortSignal.abort())), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.deepEqual([taken.length, outbox()], [0, 0])
})

test('stopped after the server took it, a lookup can not tell', async (t) => {
  const { port, taken } = await server(t)
  const { perform, lookup, sent, outbox } = connectorFor(t, { port })
  t.after(() => armCrashPoints(null))
  armCrashPoints((point) => {
    if (point === 'connector.mid-send') throw new Error('stopped here')
  })
  await assert.rejects(perform(MAIL, attempt('key')), { message: 'stopped here' })
  assert.deepEqual([taken.length, sent(), outbox()], [1, 0, 1])
  assert.equal((await lookup(MAIL, attempt('key'))).found, 'unknown')
})

test('a later attempt that surely failed does not wipe out that an earlier one may have sent it', async (t) => {
  const { port } = await server(t, { atEnd: 'hang' })
  const { perform, options, outbox } = connectorFor(t, { port, timeoutMs: 200 })
  await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_OUTCOME_UNKNOWN' })
  const later = sendOf({ ...options, port: 1 })
  await assert.rejects(later.perform(MAIL, attempt('key')), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.equal(outbox(), 1)
  assert.equal((await later.lookup(MAIL, attempt('key'))).found, 'unknown')
})

test('an operator may have it sent again after an unknown outcome', async (t) => {
  const silent = await server(t, { atEnd: 'hang' })
  const { perform, options, sent, outbox } = connectorFor(t, { port: silent.port, timeoutMs: 200 })
  await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_OUTCOME_UNKNOWN' })
  const { port, taken } = await server(t)
  await sendOf({ ...options, port }).perform(MAIL, attempt('key'))
  assert.deepEqual([taken.length, sent(), outbox()], [1, 1, 0])
})

test('recipients that are refused are not among the accepted, then and in a lookup', async (t) => {
  const { port } = await server(t, { recipients: { 'gone@berg.example': 550 } })
  const { perform, lookup } = connectorFor(t, { port })
  const mail = { ...MAIL, to: [...MAIL.to, { name: '', address: 'gone@berg.example' }] }
  const output = await perform(mail, attempt('key'))
  assert.deepEqual(output.accepted, ['anna@berg.example'])
  assert.deepEqual(await lookup(mail, attempt('key')), { found: 'yes', output })
})

test('a Message-ID that the server puts in place of ours is the one that is told', async (t) => {
  const { port } = await server(t, { lastWords: '2.0.0 OK <x1@EUR02.prod.outlook.com> [Hostname=EUR02]' })
  const { perform, lookup } = connectorFor(t, { port })
  const output = await perform(MAIL, attempt('key'))
  assert.equal(output.messageId, 'x1@EUR02.prod.outlook.com')
  assert.deepEqual(await lookup(MAIL, attempt('key')), { found: 'yes', output })
})

test('a mail that is out but can not be filed was sent all the same; its mark stays', async (t) => {
  const { port, taken } = await server(t)
  const { perform, options, sent, outbox } = connectorFor(t, { port })
  t.after(() => armCrashPoints(null))
  armCrashPoints(() => rmSync(join(options.sentDir, 'tmp'), { recursive: true }))
  const output = await perform(MAIL, attempt('key'))
  assert.deepEqual(output.accepted, ['anna@berg.example'])
  assert.deepEqual([taken.length, sent(), outbox()], [1, 0, 1])
})

test('a Sent folder that can not be used is noticed before anything is sent', async (t) => {
  const { port, taken } = await server(t)
  const { perform, options } = connectorFor(t, { port })
  writeFileSync(options.sentDir, 'a file where the folder should be')
  await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.equal(taken.length, 0)
})

test('with a user and a password', async (t) => {
  const { port, taken } = await server(t, { options: { allowInsecureAuth: true, authOptional: false } })
  const { perform } = connectorFor(t, { port, auth: { user: 'mara', pass: 'secret' } })
  await perform(MAIL, attempt('key'))
  assert.equal(taken.length, 1)
})

test('TLS by STARTTLS and from the first byte, with a certificate of its own making on this machine', async (t) => {
  const starttls = await server(t, { options: { disabledCommands: ['AUTH'] } })
  await connectorFor(t, { port: starttls.port }).perform(MAIL, attempt('key'))
  const tls = await server(t, { options: { secure: true } })
  await connectorFor(t, { port: tls.port, secure: true }).perform(MAIL, attempt('key'))
  assert.deepEqual([starttls.taken.length, tls.taken.length], [1, 1])
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address

test('elsewhere than on this machine nothing is sent without TLS, nor to a certificate nobody vouches for', {
  skip: outside === undefined,
}, async (t) => {
  const host = outside ?? ''
  const plain = await server(t, { host: '0.0.0.0' })
  const { perform } = connectorFor(t, { host, port: plain.port })
  await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_REFUSED' })
  const unvouched = await server(t, { host: '0.0.0.0', options: { disabledCommands: [] } })
  const other = connectorFor(t, { host, port: unvouched.port })
  await assert.rejects(other.perform(MAIL, attempt('key')), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.deepEqual([plain.taken, unvouched.taken], [[], []])
})

test('a password in the vault is asked for before anything is done, and declared', async (t) => {
  const { port, taken } = await server(t, { options: { allowInsecureAuth: true, authOptional: false } })
  const { perform, options, outbox } = connectorFor(t, { port, auth: { user: 'mara', pass: 'vault:smtp' } })
  assert.deepEqual(sendBySmtp(options).manifest.secrets, ['smtp'])
  await assert.rejects(perform(MAIL, attempt('key')), { message: 'no secret smtp' })
  assert.deepEqual([taken.length, outbox()], [0, 0])
  await perform(MAIL, { ...attempt('key'), secret: async (name) => (name === 'smtp' ? 'secret' : '') })
  assert.equal(taken.length, 1)
})
