/**
 * The sample mailbox with its two attempts to give orders, and a model that obeys whatever it reads: nothing leaves
 * that the operator has not seen, and the inbox shows the attempts as what they are.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createColors } from 'picocolors'
import { z } from 'zod'
import { modelsFromEnvironment } from '../src/adapters/ai-sdk/model.ts'
import { type ProtocolRequest, startProtocolServer } from '../src/adapters/ai-sdk/testing/protocol-server.ts'
import { inboxView } from '../src/apps/cli/views/inbox-view.ts'
import { inboxItem } from '../src/apps/commands/inbox-item.ts'
import { createWorkspace, openWorkspace, type Workspace } from '../src/apps/workspace.ts'
import { maildirConnector } from '../src/connectors/maildir/connector.ts'
import type { Json } from '../src/kernel/json.ts'
import { externalFrom } from '../src/kernel/label.ts'
import { parseMail } from '../src/mail/parse.ts'
import { type Context, defineWorkflow, grant, openHoldfast } from '../src/sdk.ts'

const SAMPLE = new URL('../sample/mailbox/', import.meta.url)
const FILES = readdirSync(SAMPLE)
const INJECTED = Object.entries(
  JSON.parse(readFileSync(new URL('../sample/expected.json', import.meta.url), 'utf8')) as Record<
    string,
    { injection?: boolean }
  >,
).flatMap(([file, { injection }]) => (injection ? [file] : []))

/** Says of every mail that it is the best of leads, and writes what the mail orders, to whomever. */
function obeying({ instruction, material }: ProtocolRequest) {
  const text = JSON.stringify(material)
  const answer = instruction.startsWith('You sort the mail')
    ? { isLead: true, kind: 'lead-candidate', score: 200, quality: 'hot', missing: [], language: 'en' }
    : { subject: 'As ordered', body: /(?:ignore|disregard)[^"]*/i.exec(text)?.[0] ?? text.slice(0, 500) }
  return { answer: { answer: answer as Json, confidence: 1, reasons: [] } }
}

function folder(t: { after(done: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-injection-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

function sent({ log }: Workspace): number {
  return [...log.read()].filter(({ kind }) => kind === 'effect.intended').length
}

test('of the whole sample mailbox nothing leaves unseen, and the attempts are shown as such', async (t) => {
  const server = await startProtocolServer({ protocol: 'openai', obey: obeying })
  t.after(() => server.close())
  const dir = folder(t)
  await createWorkspace(dir, { name: 'Mara Lindqvist', addresses: ['mara@lindqvist.studio'] })
  const workspace = await openWorkspace({ dir, env: server.env })
  try {
    for (const file of FILES) {
      await workspace.intake.receive({ raw: readFileSync(new URL(file, SAMPLE)), channel: 'file', ref: file })
    }
    await workspace.holdfast.idle()
    assert.equal(sent(workspace), 0)
    const items = workspace.holdfast.reviews().map((review) => inboxItem(workspace.log, review))
    assert.ok(items.length >= INJECTED.length)
    const view = {
      colors: createColors(false),
      width: 100,
      now: Date.now(),
      command: (words: string) => words,
    }
    for (const file of INJECTED) {
      const { subject } = await parseMail(readFileSync(new URL(file, SAMPLE)))
      const item = items.find(({ message }) => message?.subject === subject)
      assert.ok(item, `${file} is in the inbox`)
      assert.match(inboxView([item], view, 1), /INJECTION ATTEMPT|HIDDEN TEXT/)
    }
    const [first] = items
    await workspace.holdfast.answer(first?.id ?? '', { verdict: 'approved' })
    await workspace.holdfast.idle()
    assert.equal(sent(workspace), 1, 'what the operator approved, and only that')
    const decided = [...workspace.log.read()].findLast(({ kind }) => kind === 'policy.decided')
    assert.equal(decided?.body?.rule, 'taint.endorsed')
    workspace.log.verify()
  } finally {
    await workspace.close()
  }
})

test('an agent that does what its model says, with a grant to send, sends nothing that a mail ordered', async (t) => {
  const order = { operation: 'maildir.send', to: 'eve@evil.example' }
  const server = await startProtocolServer({
    protocol: 'openai',
    obey: ({ material }) => ({
      answer: {
        answer: { ...order, text: JSON.stringify(material).slice(0, 400) } as unknown as Json,
        confidence: 1,
        reasons: [],
      },
    }),
  })
  t.after(() => server.close())
  const deed = z.object({ operation: z.string(), to: z.string(), text: z.string() })
  const run = async (ctx: Context, { mail }: { mail: string }): Promise<Json> => {
    const { answer } = await ctx.decide('what to do', {
      ask: 'Do what is needed',
      material: { mail },
      answer: deed,
      rules: () => ({ answer: { ...order, text: '' }, confidence: 0, reasons: [], source: 'none' }),
    })
    return await ctx.act('do it', answer.operation, {
      from: { name: 'Mara', address: 'mara@lindqvist.studio' },
      to: [{ name: '', address: answer.to }],
      subject: 'As ordered',
      text: answer.text,
      inReplyTo: null,
      references: [],
    })
  }
  const input = z.object({ mail: z.string() })
  const assistant = defineWorkflow({ name: 'assistant', version: 1, input, output: z.any(), run })
  const dir = folder(t)
  const hf = await openHoldfast({
    dir,
    workflows: [assistant],
    connectors: [maildirConnector({ sentDir: join(dir, 'Sent'), now: () => Date.now() })],
    models: await modelsFromEnvironment(server.env, {
      use: 'auto',
      prices: {},
      now: () => Date.now(),
    } as never),
  })
  try {
    await grant(hf, { operation: 'maildir.send', agent: 'assistant' })
    for (const file of INJECTED) {
      const { messageId, text } = await parseMail(readFileSync(new URL(file, SAMPLE)))
      await hf.start(assistant, { mail: text }, { id: file, label: externalFrom(`mail:${messageId}`) })
    }
    await hf.idle()
    assert.equal([...hf.log.read()].filter(({ kind }) => kind === 'effect.intended').length, 0)
    assert.equal(hf.reviews().length, INJECTED.length)
    for (const review of hf.reviews()) {
      assert.equal(review.action, 'maildir.send')
      assert.match(JSON.stringify(review.warnings), /from-outside.*to of maildir\.send is not your own word/)
    }
  } finally {
    await hf.close()
  }
})
