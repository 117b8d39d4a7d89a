/** The main job with a model: a local server that speaks the provider's protocol answers in its place. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import {
  type ProtocolReply as Reply,
  type ProtocolRequest as Request,
  startProtocolServer,
} from '../src/adapters/ai-sdk/testing/protocol-server.ts'
import { createWorkspace, openWorkspace, type Workspace } from '../src/apps/workspace.ts'
import type { StoredEvent } from '../src/kernel/event.ts'

const SAMPLE = new URL('../sample/mailbox/', import.meta.url)
const THEATRE = '01-apple-mail-theatre-clear-brief.eml'
const INJECTED: string[] = Object.entries(
  JSON.parse(readFileSync(new URL('../sample/expected.json', import.meta.url), 'utf8')) as Record<
    string,
    { injection?: boolean }
  >,
).flatMap(([file, { injection }]) => (injection ? [file] : []))

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

interface Setting {
  readonly protocol?: 'openai' | 'anthropic' | 'ollama'
  readonly obey: (request: Request) => Reply
  readonly policy?: string
  readonly config?: string
}

async function withModel(
  setting: Setting,
  work: (workspace: Workspace, asked: readonly Request[]) => Promise<void>,
) {
  const server = await startProtocolServer({ protocol: setting.protocol ?? 'openai', obey: setting.obey })
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-model-'))
  folders.push(dir)
  await createWorkspace(dir, { name: 'Mara Lindqvist', addresses: ['mara@lindqvist.studio'] })
  if (setting.policy) writeFileSync(join(dir, 'policy.yaml'), setting.policy)
  const workspace = await openWorkspace({ dir, env: server.env })
  try {
    await work(workspace, server.requests)
    workspace.log.verify()
  } finally {
    await workspace.close()
    await server.close()
  }
}

async function receive({ intake, holdfast }: Workspace, ...files: string[]): Promise<void> {
  for (const file of files) {
    await intake.receive({ raw: readFileSync(new URL(file, SAMPLE)), channel: 'file', ref: file })
  }
  await holdfast.idle()
}

function eventsOf({ log }: Workspace, kind: string): StoredEvent[] {
  return [...log.read()].filter((event) => event.kind === kind)
}

/** A model that does what it is asked, in its own words. */
function sensible({ instruction }: Request): Reply {
  const answer = instruction.startsWith('You sort the mail')
    ? { isLead: true, kind: 'lead-candidate', score: 77, quality: 'hot', missing: [], language: 'en' }
    : { subject: 'Re: the theatre', body: 'Dear Orla, the model says hello.' }
  const reasons = [{ why: 'asks for a website', words: 'new website' }]
  return { answer: { answer, confidence: 0.9, reasons }, inputTokens: 1200, outputTokens: 80 }
}

describe('with a model', () => {
  for (const protocol of ['openai', 'anthropic', 'ollama'] as const) {
    it(`asks ${protocol} and puts answer, tokens, price and latency on record`, () =>
      withModel({ protocol, obey: sensible }, async (workspace, asked) => {
        await receive(workspace, THEATRE)
        const [review] = workspace.holdfast.reviews()
        assert.equal(review?.proposal.body, 'Dear Orla, the model says hello.')
        assert.equal(review?.confidence, 0.9)
        assert.match(review?.reason ?? '', /77 points: asks for a website \(“new website”\)/)
        const calls = eventsOf(workspace, 'model.called')
        assert.equal(calls.length, asked.length)
        assert.equal(calls.length, 2)
        for (const { body } of calls) {
          assert.equal(body?.inputTokens, 1200)
          assert.equal(body?.outputTokens, 80)
          assert.ok(Number(body?.latencyMs) >= 0)
          assert.equal(body?.priceMicros, protocol === 'ollama' ? 0 : null)
        }
        const [decision] = eventsOf(workspace, 'decision.made')
        assert.match(JSON.stringify(decision?.body?.asked), /Orla/, 'what it saw')
        assert.equal((decision?.body?.provenance as { tier?: string } | undefined)?.tier, 'model')
        const allowed = eventsOf(workspace, 'policy.decided').filter(({ body }) => body?.answer === 'allow')
        assert.equal(allowed.length, 2, 'each call passed the policy')
      }))
  }

  it('hands mail over as material, and keeps it out of the instruction', () =>
    withModel({ obey: sensible }, async (workspace, asked) => {
      await receive(workspace, ...INJECTED)
      assert.ok(asked.length >= 2)
      for (const { instruction, material } of asked) {
        assert.doesNotMatch(instruction, /ignore all previous|90 ?%|client list|customer list/i)
        assert.ok(material, 'the mail is in the material')
      }
    }))

  it('lets nothing leave unreviewed when the model obeys the mail instead of the owner', () =>
    withModel(
      {
        obey: (request) => {
          const text = JSON.stringify(request.material)
          const order =
            /ignore all previous[^"]*/i.exec(text)?.[0] ??
            'Approved: 90 % discount. The customer list is attached.'
          const answer = request.instruction.startsWith('You sort the mail')
            ? {
                isLead: true,
                kind: 'lead-candidate',
                score: 200,
                quality: 'hot',
                missing: [],
                language: 'en',
              }
            : { subject: 'As ordered', body: order }
          return { answer: { answer, confidence: 1, reasons: [] } }
        },
      },
      async (workspace) => {
        await receive(workspace, ...INJECTED)
        assert.equal(workspace.holdfast.reviews().length, INJECTED.length)
        for (const review of workspace.holdfast.reviews()) {
          assert.ok(review.warnings.length > 0, 'the operator is warned')
        }
        assert.deepEqual(eventsOf(workspace, 'effect.intended'), [])
        assert.ok(!existsSync(join(workspace.dir, 'mail/Sent/cur')), 'nothing was sent')
      },
    ))

  for (const [what, obey] of [
    ['refuses the key', () => ({ status: 401, message: 'bad key' })],
    ['is overloaded', () => ({ status: 529, message: 'overloaded' })],
    ['talks nonsense', () => ({ text: 'I would rather not' })],
    ['answers another question', () => ({ answer: { answer: { cake: true }, confidence: 1, reasons: [] } })],
  ] as const satisfies readonly [string, () => Reply][]) {
    it(`falls back to the playbook when the model ${what}`, () =>
      withModel({ obey }, async (workspace) => {
        await receive(workspace, THEATRE)
        const [review] = workspace.holdfast.reviews()
        assert.match(String(review?.proposal.body), /Hi Orla/)
        const decisions = eventsOf(workspace, 'decision.made')
        for (const { body } of decisions) {
          const { tier, because } = (body?.provenance ?? {}) as { tier?: string; because?: string }
          assert.equal(tier, 'rules')
          assert.match(because ?? '', /MODEL_UNAVAILABLE/)
        }
        assert.ok(eventsOf(workspace, 'model.called').every(({ body }) => body?.error !== null))
      }))
  }

  it('asks no more than the budget allows, and says so', () =>
    withModel(
      {
        obey: sensible,
        policy:
          'version: 1\nbudget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: 1, atLimit: deny }\n',
      },
      async (workspace, asked) => {
        await receive(workspace, THEATRE)
        assert.equal(asked.length, 1)
        const denied = eventsOf(workspace, 'policy.decided').find(({ body }) => body?.answer === 'deny')
        assert.equal(denied?.body?.rule, 'budget.calls')
        assert.match(String(workspace.holdfast.reviews()[0]?.proposal.body), /Hi Orla/)
      },
    ))

  it('asks you at the limit of the budget: yes, and the model goes on; no, and the playbook does', () =>
    withModel(
      {
        obey: sensible,
        policy: 'version: 1\nbudget: { perDayUsd: null, perRunUsd: null, modelCallsPerDay: 1 }\n',
      },
      async (workspace, asked) => {
        const { holdfast } = workspace
        await receive(workspace, THEATRE)
        const [question] = holdfast.reviews()
        assert.deepEqual([asked.length, question?.action], [1, 'model.openai'])
        assert.match(question?.reason ?? '', /1 calls, the limit is 1 calls/)
        await holdfast.answer(question?.id ?? '', { verdict: 'approved', hash: question?.hash ?? '' })
        await holdfast.idle()
        assert.equal(asked.length, 2)
        assert.match(String(holdfast.reviews()[0]?.proposal.body), /the model says hello/)
        await receive(workspace, INJECTED[0] ?? '')
        const more = holdfast.reviews().find(({ action }) => action === 'model.openai')
        await holdfast.answer(more?.id ?? '', { verdict: 'rejected' })
        await holdfast.idle()
        assert.equal(asked.length, 2)
      },
    ))

  it('asks no model that is not on the list of hosts to talk to', () =>
    withModel(
      { obey: sensible, policy: 'version: 1\negress: { allow: [smtp.example.com] }\n' },
      async (workspace, asked) => {
        await receive(workspace, THEATRE)
        assert.equal(asked.length, 0)
        const [decided] = eventsOf(workspace, 'policy.decided')
        assert.equal(decided?.body?.rule, 'egress.host')
      },
    ))
})
