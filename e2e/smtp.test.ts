/** Replies over a real SMTP server: sent once, threaded, and never twice after a crash unless the operator says so. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createWorkspace, openWorkspace } from '../src/apps/workspace.ts'
import { startServer } from '../src/connectors/testing/smtp-server.ts'
import { parseMail } from '../src/mail/parse.ts'

const MAIL = fileURLToPath(
  new URL('../sample/mailbox/01-apple-mail-theatre-clear-brief.eml', import.meta.url),
)
const ONE_REPLY = fileURLToPath(new URL('./testing/one-reply.ts', import.meta.url))
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function workspaceFor(port: number) {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-smtp-'))
  folders.push(dir)
  await createWorkspace(dir, { name: 'Mara Lindqvist', addresses: ['mara@lindqvist.studio'] })
  const env = {
    HOLDFAST_MAIL_OUT_CONNECTOR: 'smtp',
    HOLDFAST_SMTP_HOST: '127.0.0.1',
    HOLDFAST_SMTP_PORT: String(port),
  }
  return { dir, env }
}

type Place = Awaited<ReturnType<typeof workspaceFor>>

/** What was left open, or null when the process stopped itself. */
async function oneReply(
  { dir, env }: Place,
  more: { at?: string; settle?: string } = {},
): Promise<string[] | null> {
  const child = spawn(process.execPath, [ONE_REPLY, dir, MAIL, more.settle ?? ''], {
    env: { ...process.env, ...env, HOLDFAST_CRASH_AT: more.at ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => resolve(end))
  })
  if (signal === 'SIGKILL') return null
  assert.equal(code, 0)
  return JSON.parse(output).open
}

async function kindsIn({ dir, env }: Place): Promise<string[]> {
  const workspace = await openWorkspace({ dir, env })
  try {
    workspace.log.verify()
    return [...workspace.log.read()].map(({ kind }) => kind)
  } finally {
    await workspace.close()
  }
}

describe('a reply by SMTP', { concurrency: 2 }, () => {
  it('is sent once, threaded to the mail it answers', async () => {
    const server = await startServer()
    const place = await workspaceFor(server.port)
    assert.deepEqual(await oneReply(place), [])
    assert.equal(server.taken.length, 1)
    const original = await parseMail(readFileSync(MAIL))
    const reply = await parseMail(Buffer.from(server.taken[0] ?? ''))
    assert.equal(reply.inReplyTo, original.messageId)
    assert.deepEqual(reply.references, [...original.references, original.messageId])
    assert.equal(reply.subject, `Re: ${original.subject}`)
    assert.deepEqual(server.recipients[0], [original.replyTo.address])
    assert.match(reply.messageId ?? '', /^hf-[0-9a-f]{32}@lindqvist\.studio$/)
    await server.close()
  })

  for (const at of [
    'effect.before-intent',
    'effect.after-intent',
    'effect.before-send',
    'effect.before-result',
    'effect.after-result',
  ]) {
    it(`is sent once when the process dies at ${at}, without a question`, async () => {
      const server = await startServer()
      const place = await workspaceFor(server.port)
      assert.equal(await oneReply(place, { at }), null, 'it died there')
      assert.deepEqual(await oneReply(place), [])
      assert.equal(server.taken.length, 1)
      await server.close()
    })
  }

  it('is not repeated when it can not be known whether it went out: the operator is asked', async () => {
    const server = await startServer()
    const place = await workspaceFor(server.port)
    assert.equal(await oneReply(place, { at: 'connector.mid-send' }), null)
    assert.equal(server.taken.length, 1, 'the server had it')
    assert.deepEqual(await oneReply(place), ['settle-unknown'])
    assert.equal(server.taken.length, 1)
    assert.deepEqual(await oneReply(place, { settle: 'approve' }), [])
    assert.equal(server.taken.length, 1)
    assert.ok((await kindsIn(place)).includes('effect.unknown'), 'the ledger says so')
    await server.close()
  })

  it('is sent when the server had not taken it and the operator says so', async () => {
    const deaf = await startServer({ atEnd: 'hang up' })
    const place = await workspaceFor(deaf.port)
    assert.deepEqual(await oneReply(place), ['settle-unknown'])
    await deaf.close()
    const server = await startServer()
    const reachable = { ...place, env: { ...place.env, HOLDFAST_SMTP_PORT: String(server.port) } }
    assert.deepEqual(await oneReply(reachable, { settle: 'reject' }), [])
    assert.equal(server.taken.length, 1)
    await server.close()
  })
})
