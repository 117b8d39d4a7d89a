/** Nothing reaches the outside around the gate: a trap in the process sees every connection, and what it was for. */
import assert from 'node:assert/strict'
import { exec, execFileSync, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { promises as names, Resolver, resolve4 } from 'node:dns'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { open as openInspector } from 'node:inspector'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { startProtocolServer } from '../src/adapters/ai-sdk/testing/protocol-server.ts'
import { createWorkspace, openWorkspace } from '../src/apps/workspace.ts'
import { startServer } from '../src/connectors/testing/smtp-server.ts'
import { setOutsideTrap } from '../src/policy/testing/outside-trap.ts'
import { type Context, defineWorkflow, openHoldfast } from '../src/sdk.ts'

const SAMPLE = new URL('../sample/mailbox/', import.meta.url)

test('a day with mail, a model and a mail server goes past the policy with all that it sends', async (t) => {
  const model = await startProtocolServer({
    protocol: 'openai',
    obey: ({ instruction }) => {
      const answer = instruction.startsWith('You sort the mail')
        ? { isLead: true, kind: 'lead-candidate', score: 77, quality: 'hot', missing: [], language: 'en' }
        : { subject: 'Re: your mail', body: 'Gladly.' }
      return { answer: { answer, confidence: 0.9, reasons: [] } }
    },
  })
  const mails = await startServer()
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-outside-'))
  t.after(async () => {
    await model.close()
    await mails.close()
    rmSync(dir, { recursive: true })
  })
  await createWorkspace(dir, { name: 'Mara Lindqvist', addresses: ['mara@lindqvist.studio'] })
  const env = {
    ...model.env,
    HOLDFAST_MAIL_OUT_CONNECTOR: 'smtp',
    HOLDFAST_SMTP_HOST: '127.0.0.1',
    HOLDFAST_SMTP_PORT: String(mails.port),
  }
  const trap = setOutsideTrap()
  try {
    const workspace = await openWorkspace({ dir, env })
    for (const file of readdirSync(SAMPLE).slice(0, 6)) {
      await workspace.intake.receive({ raw: readFileSync(new URL(file, SAMPLE)), channel: 'file', ref: file })
    }
    await workspace.holdfast.idle()
    const [review] = workspace.holdfast.reviews()
    await workspace.holdfast.answer(review?.id ?? '', { verdict: 'approved' })
    await workspace.holdfast.idle()
    await workspace.close()
  } finally {
    trap.release()
  }
  const around = trap.reached.filter(({ operation }) => operation === null)
  assert.deepEqual(around, [])
  const operations = new Set(trap.reached.map(({ operation }) => operation))
  assert.deepEqual([...operations].sort(), ['model.openai', 'smtp.send'])
})

const WAYS: readonly [string, (port: number) => Promise<unknown>][] = [
  ['fetch', (port) => fetch(`http://127.0.0.1:${port}/`)],
  ['http', (port) => new Promise((resolve, reject) => request({ port }, resolve).on('error', reject).end())],
  ['net', async (port) => connect(port, '127.0.0.1')],
  ['a datagram', async (port) => createSocket('udp4').unref().send('x', port, '127.0.0.1')],
  ['http2', async (port) => connectHttp2(`http://127.0.0.1:${port}`).on('error', () => {})],
  ['tls', async (port) => connectTls(port, '127.0.0.1').on('error', () => {})],
  ['a module that is imported on the way', async (port) => (await import('node:net')).connect(port)],
  ['a port', async () => createServer().unref().listen(0)],
  ['a debugger', async () => openInspector(0)],
  ['a process', async () => exec('true')],
  ['a process that is waited for', async () => spawnSync('true')],
  ['a file that is executed', async () => execFileSync('true')],
  ['a name that is looked up', () => names.lookup('secret.localhost')],
  ['a name that is asked for', async () => resolve4('secret.invalid', () => {})],
  ['a name that is asked of somebody', async () => new Resolver().resolveTxt('secret.invalid', () => {})],
  [
    'what Node is built on',
    async () => (process as unknown as { binding(of: string): object }).binding('tcp_wrap'),
  ],
  [
    'WebSocket',
    (port) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
        socket.onopen = resolve
        socket.onerror = () => reject(new Error('no connection'))
      }),
  ],
  [
    'a worker',
    async () => {
      const worker = new Worker('', { eval: true })
      await worker.terminate()
    },
  ],
]

for (const [way, reach] of WAYS) {
  test(`the trap notices ${way} in a step, and refuses it`, async (t) => {
    const mails = await startServer()
    const dir = mkdtempSync(join(tmpdir(), 'holdfast-outside-'))
    t.after(async () => {
      await mails.close()
      rmSync(dir, { recursive: true })
    })
    const run = (ctx: Context): Promise<string> =>
      ctx
        .step('reach', async () => void (await reach(mails.port)), { retry: { attempts: 1 } })
        .then(() => 'reached', String)
    const sly = defineWorkflow({ name: 'sly', version: 1, input: z.null(), output: z.string(), run })
    const trap = setOutsideTrap()
    try {
      const hf = await openHoldfast({ dir, workflows: [sly] })
      assert.notEqual(await (await hf.start(sly, null)).result(), 'reached')
      await hf.close()
    } finally {
      trap.release()
    }
    assert.ok(trap.reached.some(({ operation }) => operation === null))
  })
}
