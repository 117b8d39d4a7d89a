/** The lead-qualification under a level of autonomy, over the sample mailbox. */
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { checkedBy } from '../autonomy/attention.ts'
import type { JsonObject } from '../kernel/json.ts'
import { grant } from '../policy/grants.ts'
import { verifyRun } from '../runtime/replay/replay.ts'
import { inboxItem } from './commands/inbox-item.ts'
import { reviewAnswer } from './commands/review-answer.ts'
import { AUTONOMY_FILE, POLICY_FILE } from './config/file-names.ts'
import { SAMPLE_OWNER } from './server/sample.ts'
import { createWorkspace, openWorkspace, type Workspace } from './workspace.ts'

const MAILBOX = new URL('../../sample/mailbox/', import.meta.url)
const REPLY = { agent: 'lead-qualification', action: 'send-reply', segment: 'all' }

async function openWith(t: TestContext, settings: string, policy = ''): Promise<Workspace> {
  const dir = await mkdtemp(join(tmpdir(), 'autonomy-'))
  await createWorkspace(dir, SAMPLE_OWNER)
  await writeFile(join(dir, AUTONOMY_FILE), `version: 1\n${settings}\n`)
  await appendFile(join(dir, POLICY_FILE), `\n${policy}\n`)
  const workspace = await openWorkspace({ dir, env: {} })
  t.after(async () => {
    await workspace.close()
    await rm(dir, { recursive: true })
  })
  return workspace
}

async function takeIn({ intake, holdfast }: Workspace, isWanted = (_: string) => true): Promise<void> {
  const names = (await readdir(MAILBOX)).filter((name) => name.endsWith('.eml')).filter(isWanted)
  for (const name of names.sort()) {
    await intake.receive({ raw: await readFile(new URL(name, MAILBOX)), channel: 'file', ref: name })
  }
  await holdfast.idle()
}

/** The owner vouches for whoever wrote one of the mails. */
async function everybody(): Promise<string> {
  const names = (await readdir(MAILBOX)).filter((name) => name.endsWith('.eml'))
  const mails = await Promise.all(names.map((name) => readFile(new URL(name, MAILBOX), 'utf8')))
  const found = mails.flatMap((mail) => [...mail.matchAll(/@([a-z0-9.-]+\.[a-z]+)/gi)])
  const domains = new Set(found.map(([, domain = '']) => `"@${domain.toLowerCase()}"`))
  return `addressBook: [${[...domains].join(', ')}]`
}

test('at level auto replies leave by themselves where the policy lets them, but none to a mail that gives orders', async (t) => {
  const workspace = await openWith(t, 'audits: { auto: 0.000001 }', await everybody())
  const { holdfast, log } = workspace
  await grant(holdfast, { operation: 'maildir.send', agent: 'lead-qualification', reason: 'I know them all' })
  await holdfast.autonomy.set(REPLY, { level: 'auto', ceiling: 'auto' })
  await takeIn(workspace)
  const waiting = holdfast.reviews()
  assert.ok(waiting.length >= 2)
  for (const { warnings, autonomy } of waiting) {
    assert.ok(warnings.length > 0)
    assert.equal(autonomy?.rule, 'warning')
  }
  const kinds = waiting.flatMap(({ warnings }) => warnings.map((one) => (one as JsonObject).kind))
  assert.ok(kinds.includes('instruction-to-assistant') && kinds.includes('hidden-text'), kinds.join())

  const sent = [...log.read()].filter(({ kind }) => kind === 'effect.succeeded')
  assert.ok(sent.length >= 15, `${sent.length} sent`)
  assert.equal(holdfast.autonomy.standing(REPLY).answers.automatic, sent.length)
  for (const { stream } of sent) {
    const [answered] = log.readStream(stream).filter(({ kind }) => kind === 'review.answered')
    assert.deepEqual([answered?.actor, answered?.label.trust], ['autonomy', 'external'])
  }
  for (const { id } of log.tables.all<{ id: string }>('SELECT id FROM runs')) {
    const { verdict } = await verifyRun(log, holdfast.runtime.workflows, id)
    assert.notEqual(verdict, 'diverged', id)
  }
})

test('level auto is no way past the policy: to strangers nothing leaves without the operator', async (t) => {
  const workspace = await openWith(t, 'audits: { auto: 0.000001 }')
  const { holdfast, log } = workspace
  await holdfast.autonomy.set(REPLY, { level: 'auto', ceiling: 'auto' })
  await takeIn(workspace, (name) => name.startsWith('0'))
  assert.ok(holdfast.autonomy.standing(REPLY).answers.automatic > 0)
  assert.ok(holdfast.reviews().length > 0)
  assert.ok(![...log.read()].some(({ kind }) => kind === 'effect.intended'))
})

test('a new workspace asks for every reply', async (t) => {
  const workspace = await openWith(t, '')
  await takeIn(workspace, (name) => name.startsWith('0'))
  const { holdfast, log } = workspace
  assert.ok(holdfast.reviews().length > 0)
  assert.ok(![...log.read()].some(({ kind }) => kind === 'review.answered' || kind === 'effect.intended'))
})

test('a known-bad item looks like the mail that it is made of, and says what it was once it is answered', async (t) => {
  const workspace = await openWith(t, 'vigilance: { rate: 1 }')
  const { holdfast, log } = workspace
  await takeIn(workspace, (name) => name.startsWith('0'))
  const io = { progress() {}, note() {}, emit: async () => {}, signal: new AbortController().signal }
  const item = () => holdfast.reviews().find(({ run }) => run.startsWith('item-'))
  const real = holdfast.reviews().find(({ warnings }) => warnings.length === 0)
  const answered = await reviewAnswer.run(workspace, { id: real?.id ?? '', verdict: 'approved' }, io)
  assert.equal(answered.check, null)
  await takeIn(workspace, (name) => /^[123]/.test(name))
  const bad = item()
  assert.ok(bad, 'one of the later reviews was followed by an item')
  const shown = inboxItem(log, bad)
  assert.ok(shown.message !== null && shown.quality !== null)
  assert.notEqual(shown.proposal.to, real?.proposal.to)
  assert.deepEqual({ ...shown.proposal, to: '' }, { ...real?.proposal, to: '' })
  const { check, progress } = await reviewAnswer.run(workspace, { id: bad.id, verdict: 'approved' }, io)
  assert.deepEqual([check, progress.sent], ['missed', []])
  assert.equal(checkedBy(log.tables, bad.id), false)
})
