/** A lead over its days: answers that come early, in between and late, and drafts that are sent back. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { runOf } from '../src/apps/intake.ts'
import { createWorkspace, openWorkspace, type Workspace } from '../src/apps/workspace.ts'
import { HoldfastError } from '../src/kernel/errors.ts'
import { keyHash } from '../src/mail/compose.ts'
import { ManualClock } from '../src/ports/testing/manual-clock.ts'
import { WorkflowRegistry } from '../src/runtime/life/workflow-registry.ts'
import { shortHash } from '../src/runtime/replay/hashes.ts'
import { verifyRun } from '../src/runtime/replay/replay.ts'
import type { LeadOutcome } from '../src/templates/lead-qualification/workflow.ts'

const LEAD = new URL('../sample/mailbox/01-apple-mail-theatre-clear-brief.eml', import.meta.url)
const DAY = 86_400_000
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

interface Scene {
  readonly dir: string
  readonly clock: ManualClock
  readonly workspace: Workspace
  readonly run: string
}

async function takeLead(): Promise<Scene> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-lead-'))
  folders.push(dir)
  await createWorkspace(dir, { addresses: ['mara@lindqvist.studio'] })
  const clock = new ManualClock()
  const workspace = await openWorkspace({ dir, env: {}, clock })
  const run = await receive(workspace, readFileSync(LEAD))
  return { dir, clock, workspace, run }
}

async function receive({ intake, holdfast }: Workspace, raw: Uint8Array): Promise<string> {
  const received = await intake.receive({ raw, channel: 'file', ref: 'test' })
  await holdfast.idle()
  assert.equal(received.what, 'new')
  return runOf((received as { message: string }).message)
}

function answerTo(id: string): Buffer {
  const lines = [
    'From: Orla Byrne <orla@harbourlane-theatre.example>',
    'To: mara@lindqvist.studio',
    'Subject: Re: your reply',
    `Message-ID: <${keyHash(`answer to ${id}`)}@harbourlane-theatre.example>`,
    'Date: Tue, 6 Jan 2026 10:00:00 +0000',
    `In-Reply-To: <${id}>`,
    '',
    'Thank you, that suits us well.',
  ]
  return Buffer.from(lines.join('\r\n'))
}

/** Answers the review that waits; gives its name. */
async function say({ holdfast }: Workspace, verdict: 'approved' | 'rejected' | 'responded'): Promise<string> {
  const [review, ...others] = holdfast.reviews()
  assert.ok(review)
  assert.equal(others.length, 0)
  await holdfast.answer(
    review.id,
    verdict === 'responded' ? { verdict, instruction: 'shorter' } : { verdict },
  )
  await holdfast.idle()
  return review.name
}

async function pass({ clock, workspace }: Scene, days: number): Promise<void> {
  clock.advance(days * DAY + 1)
  await workspace.holdfast.idle()
}

function outcomeOf({ log }: Workspace, run: string): LeadOutcome | undefined {
  const end = log.readStream(`run/${run}`).at(-1)
  return end?.kind === 'run.completed' ? (end.body?.output as unknown as LeadOutcome) : undefined
}

function sentIds({ log }: Workspace): string[] {
  const sent = [...log.read()].filter(({ kind }) => kind === 'effect.succeeded')
  return sent.map(({ body }) => String((body?.output as { messageId?: string } | undefined)?.messageId))
}

async function assertReplays({ workspace, run }: Scene): Promise<void> {
  const { verdict, divergence } = await verifyRun(
    workspace.log,
    new WorkflowRegistry(workspace.workflows),
    run,
  )
  assert.deepEqual({ verdict, divergence }, { verdict: 'same', divergence: null })
}

it('is closed by an answer that comes while the follow-up waits for review, which is withdrawn', async () => {
  const scene = await takeLead()
  const { workspace, run } = scene
  await say(workspace, 'approved')
  await pass(scene, 3)
  assert.equal(await say(workspace, 'responded'), 'review follow-up')
  const [reply = ''] = sentIds(workspace)
  const [open] = workspace.holdfast.reviews()
  const answer = await receive(workspace, answerTo(reply))
  assert.equal(outcomeOf(workspace, run)?.outcome, 'answered')
  assert.deepEqual(workspace.holdfast.reviews(), [])
  await assert.rejects(workspace.holdfast.answer(open?.id ?? '', { verdict: 'approved' }), {
    code: 'REVIEW_ENDED',
  })
  assert.deepEqual(sentIds(workspace), [reply])
  assert.equal(outcomeOf(workspace, answer)?.outcome, 'conversation')
  await assertReplays(scene)
  await workspace.close()
})

for (const which of [0, 1]) {
  it(`counts an answer to the ${which === 0 ? 'reply' : 'follow-up'} once the follow-up was sent`, async () => {
    const scene = await takeLead()
    const { workspace, run } = scene
    await say(workspace, 'approved')
    await pass(scene, 3)
    await say(workspace, 'approved')
    const sent = sentIds(workspace)
    await receive(workspace, answerTo(sent[which] ?? ''))
    const { outcome, sent: told } = outcomeOf(workspace, run) ?? {}
    assert.deepEqual({ outcome, told }, { outcome: 'answered', told: sent })
    await assertReplays(scene)
    await workspace.close()
  })
}

it('ends without an answer when none comes in time after the follow-up', async () => {
  const scene = await takeLead()
  await say(scene.workspace, 'approved')
  await pass(scene, 3)
  await say(scene.workspace, 'approved')
  await pass(scene, 3)
  assert.equal(outcomeOf(scene.workspace, scene.run)?.outcome, 'no-answer')
  await assertReplays(scene)
  await scene.workspace.close()
})

it('knows an answer that came in before the sending was on record', async () => {
  const scene = await takeLead()
  const { workspace, run } = scene
  const key = shortHash(JSON.stringify([workspace.log.id, run, 'send reply']), 40)
  const id = `hf-${keyHash(key)}@lindqvist.studio`
  await receive(workspace, answerTo(id))
  const reviews = workspace.holdfast.reviews()
  const ours = reviews.find((review) => review.run === run)
  await workspace.holdfast.answer(ours?.id ?? '', { verdict: 'approved' })
  await workspace.holdfast.idle()
  assert.deepEqual(sentIds(workspace), [id])
  assert.equal(outcomeOf(workspace, run)?.outcome, 'answered')
  await workspace.close()
})

it('keeps the last draft under review instead of closing the lead', async () => {
  const scene = await takeLead()
  const { workspace, run } = scene
  for (let round = 1; round < 20; round += 1) await say(workspace, 'responded')
  const [last] = workspace.holdfast.reviews()
  assert.equal(last?.name, 'review reply 20')
  assert.match(last.reason, /draft 20, and no more are made/)
  await say(workspace, 'responded')
  const [again] = workspace.holdfast.reviews()
  assert.equal(again?.name, 'review reply 21')
  assert.deepEqual(again.proposal, last.proposal)
  await say(workspace, 'rejected')
  assert.equal(outcomeOf(workspace, run)?.outcome, 'rejected')
  await assertReplays(scene)
  await workspace.close()
})

it('addresses the person as when the mail came in, so that a fuller name later changes no replay', async () => {
  const scene = await takeLead()
  const { workspace } = scene
  const raw = answerTo('nothing@harbourlane-theatre.example').toString()
  await receive(workspace, Buffer.from(raw.replace('Orla Byrne', 'Orla Catherine Byrne-Whitfield')))
  const ours = workspace.holdfast.reviews().find(({ run }) => run === scene.run)
  await workspace.holdfast.answer(ours?.id ?? '', { verdict: 'rejected' })
  await workspace.holdfast.idle()
  const customer = workspace.log.tables.get<{ name: string }>(
    "SELECT name FROM customers WHERE name LIKE '%Whitfield'",
  )
  assert.ok(customer, 'the fuller name is the one in force')
  await assertReplays(scene)
  await workspace.close()
})

it('stalls, and goes on later, when a playbook on record can not be read any more', async () => {
  const { dir, workspace, run } = await takeLead()
  await workspace.close()
  const clock = new ManualClock()
  const stricter = await openWorkspace({ dir, env: {}, clock, recover: false })
  const broken = new HoldfastError('PLAYBOOK_INVALID', 'The playbook has a mistake')
  const { version } = stricter.playbooks
  Object.assign(stricter.playbooks, {
    version: () => {
      throw broken
    },
  })
  await say(stricter, 'responded')
  assert.equal(stricter.log.readStream(`run/${run}`).at(-1)?.kind, 'run.stalled')
  Object.assign(stricter.playbooks, { version })
  await stricter.close()
  const mended = await openWorkspace({ dir, env: {}, clock })
  await mended.holdfast.idle()
  assert.equal(mended.holdfast.reviews()[0]?.name, 'review reply 2')
  await mended.close()
})
