import assert from 'node:assert/strict'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createWorkspace, openWorkspace } from '../workspace.ts'
import { deliverSample, SAMPLE_OWNER } from './sample.ts'

async function sampleWorkspace(
  t: TestContext,
  owner = SAMPLE_OWNER as Parameters<typeof createWorkspace>[1],
) {
  const dir = await mkdtemp(join(tmpdir(), 'sample-'))
  await createWorkspace(dir, owner)
  const workspace = await openWorkspace({ dir, env: {} })
  t.after(async () => {
    await workspace.close()
    await rm(dir, { recursive: true })
  })
  const inbox = (part: string) => join(dir, 'mail', 'Inbox', part)
  return { workspace, inbox, delivered: async (part = 'new') => (await readdir(inbox(part))).length }
}

test('the sample is delivered once', async (t) => {
  const { workspace, delivered, inbox } = await sampleWorkspace(t)
  assert.equal(await deliverSample(workspace), 61)
  assert.equal(await delivered(), 61)
  assert.deepEqual(await readdir(inbox('tmp')), [])
  await rm(inbox('new'), { recursive: true })
  assert.equal(await deliverSample(workspace), 0)
})

test('a delivery that was cut off goes on, past what was taken in meanwhile, and doubles nothing', async (t) => {
  const { workspace, delivered, inbox } = await sampleWorkspace(t)
  const { log } = workspace
  const append = log.append.bind(log)
  log.append = async (parts) => {
    if (parts[0]?.events[0]?.kind === 'sample.delivered') throw new Error('cut off')
    return await append(parts)
  }
  await assert.rejects(deliverSample(workspace), /cut off/)
  const [one = '', two = '', ...others] = await readdir(inbox('new'))
  await rename(join(inbox('new'), one), join(inbox('cur'), `${one}:2,`))
  await rm(join(inbox('new'), two))
  log.append = append
  assert.equal(await deliverSample(workspace), 61)
  assert.equal(await delivered('new'), others.length + 1)
  assert.equal(await delivered('cur'), 1)
})

test('it is nobody else’s mail, and no mail for a workspace that has some', async (t) => {
  const other = await sampleWorkspace(t, { name: 'Ada', addresses: ['ada@ek.example'] })
  assert.equal(await deliverSample(other.workspace), 0)
  const used = await sampleWorkspace(t)
  const raw = Buffer.from('From: a@x.example\nSubject: x\n\nx\n')
  await used.workspace.intake.receive({ raw, channel: 'file', ref: 'x' })
  assert.equal(await deliverSample(used.workspace), 0)
})
