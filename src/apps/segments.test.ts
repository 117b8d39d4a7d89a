/** Segments of flags.yaml, defined on what is known of customers, in the policy and in levels of autonomy. */
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { redecide } from '../policy/past-decisions.ts'
import { AUTONOMY_FILE, POLICY_FILE } from './config/file-names.ts'
import { FLAGS_FILE } from './config/flags-file.ts'
import { SAMPLE_OWNER } from './server/sample.ts'
import { createWorkspace, openWorkspace, type Workspace } from './workspace.ts'

const MAILBOX = new URL('../../sample/mailbox/', import.meta.url)
const REPLY = { agent: 'lead-qualification', action: 'send-reply' }
const THEATRE = 'orla@harbourlane-theatre.example'
const FLAGS = `version: 1
segments:
  everybody: { where: [{ field: messages, operator: at-least, value: 0 }] }
  theatres: { where: [{ field: domain, operator: is, value: harbourlane-theatre.example }] }
flags: {}
`

interface Files {
  readonly flags?: string
  readonly policy?: string
  readonly autonomy?: string
}

async function made(t: TestContext, { flags = FLAGS, policy = '', autonomy = '' }: Files): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'segments-'))
  t.after(() => rm(dir, { recursive: true }))
  await createWorkspace(dir, SAMPLE_OWNER)
  await writeFile(join(dir, FLAGS_FILE), flags)
  await appendFile(join(dir, POLICY_FILE), `\n${policy}\n`)
  await writeFile(join(dir, AUTONOMY_FILE), `version: 1\n${autonomy}\n`)
  return dir
}

async function opened(t: TestContext, dir: string): Promise<Workspace> {
  const workspace = await openWorkspace({ dir, env: {} })
  t.after(() => workspace.close())
  return workspace
}

async function takeIn({ intake, holdfast }: Workspace, ...names: string[]): Promise<void> {
  for (const name of names) {
    await intake.receive({ raw: await readFile(new URL(name, MAILBOX)), channel: 'file', ref: name })
  }
  await holdfast.idle()
}

const LEADS = ['01-apple-mail-theatre-clear-brief.eml', '04-gmail-potter-vague.eml']

test('a level that is set for a segment holds for its customers, and for nobody else', async (t) => {
  const workspace = await opened(t, await made(t, {}))
  const { holdfast } = workspace
  await holdfast.autonomy.set({ ...REPLY, segment: 'theatres' }, { level: 'shadow' })
  await takeIn(workspace, ...LEADS)
  const shadows = holdfast.autonomy.shadows()
  assert.deepEqual(
    shadows.map(({ segment }) => segment),
    ['theatres'],
  )
  const reviews = holdfast.reviews()
  assert.deepEqual(
    reviews.map(({ autonomy }) => [autonomy?.segment, autonomy?.rule]),
    [['all', 'review']],
    'a segment that no level was set for takes nobody out of the rest',
  )
})

test('segments that autonomy.yaml names go in its order', async (t) => {
  const workspace = await opened(t, await made(t, { autonomy: 'segments: [theatres, everybody]' }))
  await takeIn(workspace, ...LEADS)
  const segments = workspace.holdfast.reviews().map(({ autonomy }) => autonomy?.segment)
  assert.deepEqual(segments.toSorted(), ['everybody', 'theatres'])
})

test('a rule of the policy for a segment is asked about its customers, also at the next opening', async (t) => {
  const policy = `access:
  - { agents: ["*"], operations: [maildir.send], customers: ["segment:theatres"], answer: deny }`
  const dir = await made(t, { policy })
  const first = await openWorkspace({ dir, env: {} })
  await takeIn(first, ...LEADS)
  await first.close()
  const workspace = await opened(t, dir)
  const { holdfast, log } = workspace
  for (const { id } of holdfast.reviews()) await holdfast.answer(id, { verdict: 'approved' })
  await holdfast.idle()
  const decided = [...log.read()].flatMap(({ kind, body }) =>
    kind === 'policy.decided' && JSON.stringify(body?.request).includes('"maildir.send"')
      ? [[body?.answer, body?.rule, body?.segments]]
      : [],
  )
  assert.deepEqual(decided.toSorted(), [
    ['allow', 'taint.endorsed', ['everybody']],
    ['deny', 'access.deny', ['everybody', 'theatres']],
  ])
  const { connectors, models } = workspace
  const again = redecide(log, holdfast.runtime.gate.policy(), { connectors, models, since: 0 })
  assert.deepEqual(again.changed, [], 'the segments of then are on record')
})

test('a broken or missing file of flags leaves the segments of before in force', async (t) => {
  const dir = await made(t, {})
  const workspace = await opened(t, dir)
  await takeIn(workspace, ...LEADS)
  const theatre = workspace.holdfast.reviews().find(({ proposal }) => proposal.to === THEATRE)
  const customer = theatre?.customer ?? ''
  assert.deepEqual(workspace.flags.segmentsOf(customer), ['everybody', 'theatres'])
  await writeFile(join(dir, FLAGS_FILE), 'version: 1\nsegments: nothing\n')
  await workspace.flags.current()
  assert.deepEqual(workspace.flags.segmentsOf(customer), ['everybody', 'theatres'])
  await writeFile(join(dir, FLAGS_FILE), FLAGS.replace('  theatres', '  stages'))
  await workspace.flags.current()
  assert.deepEqual(workspace.flags.segmentsOf(customer), ['everybody', 'stages'])
})

test('the owner’s own addresses are in the address book of the policy', async (t) => {
  const workspace = await opened(t, await made(t, { policy: 'addressBook: [accountant@example.com]' }))
  const { addressBook } = workspace.holdfast.runtime.gate.policy()
  const own = workspace.own.map((address) => address.toLowerCase())
  assert.ok(own.length > 0)
  assert.deepEqual(addressBook, ['accountant@example.com', ...own])
})
