import assert from 'node:assert/strict'
import { renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMail } from '../../mail/parse.ts'
import { armCrashPoints } from '../../ports/crash-points.ts'
import { sendByFolder } from './send.ts'
import { attempt, filesIn, MAIL, onlySent, temporaryFolder } from './testing/mail.ts'

const NOON = Date.parse('2026-10-05T12:00:00Z')

/** The operation, with a lookup for sure. */
function sendOf(sentDir: string) {
  const { perform, lookup } = sendByFolder(sentDir, () => NOON)
  assert(lookup)
  return { perform, lookup }
}

function connectorIn(dir: string) {
  const sentDir = join(dir, 'Sent')
  return { sentDir, ...sendOf(sentDir) }
}

test('a mail is filed once, seen, complete, and owner-only', async (t) => {
  const { sentDir, perform } = connectorIn(temporaryFolder(t))
  const output = await perform(MAIL, attempt('key'))
  assert.deepEqual(output.accepted, ['anna@berg.example'])
  assert.match(output.messageId, /^hf-[0-9a-f]{32}@studio\.example$/)
  const [name] = filesIn(sentDir, 'cur')
  assert.match(name ?? '', /^hf-[0-9a-f]{32}:2,S$/)
  assert.equal(statSync(join(sentDir, 'cur', name ?? '')).mode & 0o077, 0)
  assert.deepEqual([filesIn(sentDir, 'tmp'), filesIn(sentDir, 'new')], [[], []])
  const message = await parseMail(Buffer.from(onlySent(sentDir)))
  assert.deepEqual([message.subject, message.inReplyTo], [MAIL.subject, MAIL.inReplyTo])
  assert.deepEqual([message.messageId, message.date], [output.messageId, '2026-10-05T12:00:00.000Z'])
})

test('repeated with one key there is one file, though a mail program changed its flags', async (t) => {
  const { sentDir, perform, lookup } = connectorIn(temporaryFolder(t))
  const output = await perform(MAIL, attempt('key'))
  const [name = ''] = filesIn(sentDir, 'cur')
  renameSync(join(sentDir, 'cur', name), join(sentDir, 'cur', name.replace(/S$/, 'RS')))
  assert.deepEqual(await perform(MAIL, attempt('key')), output)
  assert.equal(filesIn(sentDir, 'cur').length, 1)
  assert.deepEqual(await lookup(MAIL, attempt('key')), { found: 'yes', output })
  assert.equal((await lookup(MAIL, attempt('other'))).found, 'no')
})

test('stopped between writing and filing, nothing is filed, and the next attempt files it', async (t) => {
  const { sentDir, perform, lookup } = connectorIn(temporaryFolder(t))
  t.after(() => armCrashPoints(null))
  armCrashPoints((point) => {
    if (point === 'connector.mid-send') throw new Error('stopped here')
  })
  await assert.rejects(perform(MAIL, attempt('key')), { message: 'stopped here' })
  assert.deepEqual([filesIn(sentDir, 'cur').length, filesIn(sentDir, 'tmp').length], [0, 1])
  assert.equal((await lookup(MAIL, attempt('key'))).found, 'no')
  armCrashPoints(null)
  await perform(MAIL, attempt('key'))
  assert.deepEqual([filesIn(sentDir, 'cur').length, filesIn(sentDir, 'tmp').length], [1, 0])
})

test('called off before it began, nothing is filed', async (t) => {
  const { sentDir, perform } = connectorIn(temporaryFolder(t))
  await assert.rejects(perform(MAIL, attempt('key', AbortSignal.abort())), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.deepEqual(filesIn(sentDir, 'cur'), [])
})

test('a lookup reads what became of it from the header only', async (t) => {
  const { perform, lookup } = connectorIn(temporaryFolder(t))
  const output = await perform({ ...MAIL, text: 'X-Holdfast-Accepted: evil@x.example\n' }, attempt('key'))
  assert.deepEqual(await lookup(MAIL, attempt('key')), { found: 'yes', output })
})

test('a folder that can not be used', async (t) => {
  const dir = temporaryFolder(t)
  writeFileSync(join(dir, 'file'), '')
  const { perform, lookup } = sendOf(join(dir, 'file', 'Sent'))
  await assert.rejects(perform(MAIL, attempt('key')), { code: 'CONNECTOR_UNAVAILABLE' })
  assert.equal((await lookup(MAIL, attempt('key'))).found, 'unknown')
})
