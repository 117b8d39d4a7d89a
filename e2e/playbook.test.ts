/** The playbook is the operator's: an edit holds from the next decision on, a mistake changes nothing but is told. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { createWorkspace, openWorkspace, PLAYBOOK_FILE, type Workspace } from '../src/apps/workspace.ts'

const SAMPLE = new URL('../sample/mailbox/', import.meta.url)
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function freshWorkspace(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-playbook-'))
  folders.push(dir)
  await createWorkspace(dir, { addresses: ['mara@lindqvist.studio'] })
  return dir
}

function edit(dir: string, from: string | RegExp, to: string): void {
  const file = join(dir, PLAYBOOK_FILE)
  const text = readFileSync(file, 'utf8')
  assert.notEqual(text.replace(from, to), text, 'the edit changes something')
  writeFileSync(file, text.replace(from, to))
}

async function receive({ intake, holdfast }: Workspace, name: string) {
  const mail = { raw: readFileSync(new URL(name, SAMPLE)), channel: 'file' as const, ref: name }
  const received = await intake.receive(mail)
  await holdfast.idle()
  assert.equal(received.what, 'new')
  return holdfast.reviews().find(({ run }) => received.what === 'new' && run.endsWith(received.message))
}

it('holds from the next decision on, and each decision names the version it was made by', async () => {
  const dir = await freshWorkspace()
  const workspace = await openWorkspace({ dir, env: {} })
  const before = await receive(workspace, '01-apple-mail-theatre-clear-brief.eml')
  assert.match(before?.summary ?? '', /^hot lead/)
  edit(dir, /hot: \d+/, 'hot: 900')
  const later = await receive(workspace, '05-thunderbird-library-audit-german.eml')
  assert.match(later?.summary ?? '', /^warm lead/)
  const sources = [...workspace.log.read()]
    .filter(({ kind, body }) => kind === 'decision.made' && body?.name === 'qualify')
    .map(({ body }) => (body?.provenance as { source?: string } | undefined)?.source)
  assert.equal(new Set(sources).size, 2)
  await workspace.close()
})

it('stays as it was while the file is broken, and says where and what is wrong', async () => {
  const dir = await freshWorkspace()
  const workspace = await openWorkspace({ dir, env: {} })
  await receive(workspace, '01-apple-mail-theatre-clear-brief.eml')
  edit(dir, /hot: \d+/, 'hot: very')
  const review = await receive(workspace, '05-thunderbird-library-audit-german.eml')
  assert.match(review?.summary ?? '', /^hot lead/)
  const problem = workspace.playbooks.problem()
  assert.equal(problem?.code, 'PLAYBOOK_INVALID')
  assert.match(problem?.message ?? '', /lead-qualification\.yaml:\d+:\d+ thresholds\.hot/)
  const rejected = [...workspace.log.read()].filter(({ kind }) => kind === 'playbook.rejected')
  assert.equal(rejected.length, 1)

  edit(dir, 'hot: very', 'hot: 900')
  const mended = await receive(workspace, '09-exchange-ferry-audit-rfp.eml')
  assert.match(mended?.summary ?? '', /^warm lead/)
  assert.equal(workspace.playbooks.problem(), null)
  await workspace.close()
})

it('must be valid once before anything is decided; what came in waits for that', async () => {
  const dir = await freshWorkspace()
  edit(dir, /hot: \d+/, 'hot: very')
  const broken = await openWorkspace({ dir, env: {} })
  await receive(broken, '01-apple-mail-theatre-clear-brief.eml')
  const [run] = broken.log.tables.all<{ status: string; error_code: string }>(
    'SELECT status, error_code FROM runs',
  )
  assert.deepEqual({ ...run }, { status: 'stalled', error_code: 'PLAYBOOK_INVALID' })
  await broken.close()
  edit(dir, 'hot: very', 'hot: 90')
  const mended = await openWorkspace({ dir, env: {} })
  await mended.holdfast.idle()
  assert.equal(mended.holdfast.reviews().length, 1)
  await mended.close()
})
