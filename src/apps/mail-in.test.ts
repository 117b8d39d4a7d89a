import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readRawMail } from '../mail/raw.ts'
import type { CommandIo } from './commands/command.ts'
import { MailIn, takeIn } from './mail-in.ts'
import { createWorkspace, openWorkspace, type Workspace } from './workspace.ts'

interface Told {
  readonly notes: string[]
  readonly progress: string[]
  readonly io: CommandIo
  readonly stop: AbortController
}

function told(): Told {
  const notes: string[] = []
  const progress: string[] = []
  const stop = new AbortController()
  const io = {
    note: (line: string) => void notes.push(line),
    progress: (line: string) => void progress.push(line),
    emit: async () => {},
    signal: stop.signal,
  }
  return { notes, progress, io, stop }
}

async function workspace(t: TestContext, policy?: string): Promise<Workspace> {
  const dir = await mkdtemp(join(tmpdir(), 'mail-in-'))
  await createWorkspace(dir, { name: 'Mara', addresses: ['mara@studio.example'] })
  if (policy !== undefined) await writeFile(join(dir, 'policy.yaml'), policy)
  for (const part of ['new', 'cur', 'tmp']) await mkdir(join(dir, 'mail', 'Inbox', part), { recursive: true })
  const opened = await openWorkspace({ dir, env: {} })
  t.after(async () => {
    await opened.close()
    await rm(dir, { recursive: true })
  })
  return opened
}

const inboxFile = ({ dir }: Workspace, name: string) => join(dir, 'mail', 'Inbox', 'new', name)

function mail(id: string): string {
  return `From: Ada <ada-${id}@ek.example>\nMessage-ID: <${id}@ek.example>\nSubject: A website\n\nWe need a website.\n`
}

function decisions({ log }: Workspace) {
  return log.readStream('intake/maildir').map(({ kind, body }) => [kind, body?.answer])
}

test('the policy is asked once for a process, before the first mail is read', async (t) => {
  const opened = await workspace(t)
  const mailIn = new MailIn(opened)
  const { io } = told()
  assert.equal(await mailIn.take(io), null)
  assert.deepEqual(decisions(opened), [], 'nothing to read, nothing to decide')
  for (const id of ['one', 'two']) {
    await writeFile(inboxFile(opened, id), mail(id))
    assert.equal((await mailIn.take(io))?.new, 1)
  }
  assert.deepEqual(decisions(opened), [['policy.decided', 'allow']])
  assert.deepEqual(await readdir(join(opened.dir, 'mail', 'Inbox', 'new')), [])
})

test('where the policy says no, mail stays where it is, and that is told once', async (t) => {
  for (const rule of ['deny', 'review']) {
    const opened = await workspace(t, `version: 1\noperations: { ${rule}: [maildir.receive] }\n`)
    await writeFile(inboxFile(opened, 'one'), mail('one'))
    const mailIn = new MailIn(opened)
    const { io, notes } = told()
    assert.equal(await mailIn.take(io), null)
    assert.equal(await mailIn.take(io), null)
    assert.equal(notes.length, 1)
    assert.match(notes[0] ?? '', /not read: /)
    assert.deepEqual(decisions(opened), [['policy.decided', rule]])
    assert.deepEqual(await readdir(join(opened.dir, 'mail', 'Inbox', 'new')), ['one'])
    assert.equal(opened.log.tables.all('SELECT * FROM mail_messages').length, 0)
  }
})

test('what is no mail, and what is too large for one, is put on record and does not come again', async (t) => {
  const opened = await workspace(t)
  await writeFile(inboxFile(opened, 'garbage'), Buffer.from([0, 1, 2, 3]))
  await writeFile(inboxFile(opened, 'huge'), mail('huge'))
  await truncate(inboxFile(opened, 'huge'), 51 * 1024 * 1024)
  await writeFile(inboxFile(opened, 'well'), mail('well'))
  const taken = await new MailIn(opened).take(told().io)
  assert.deepEqual([taken?.new, taken?.skipped, taken?.leads], [1, 2, 1])
  assert.deepEqual(taken?.problems.map(({ ref, kept }) => [ref, kept]).sort(), [
    ['garbage', true],
    ['huge', true],
  ])
  const skipped = [...opened.log.read()].filter(({ kind }) => kind === 'message.skipped')
  assert.equal(skipped.length, 2)
  assert.equal((await readdir(join(opened.dir, 'mail', 'Inbox', 'cur'))).length, 3)
})

test('a file that can not be read stays where it is, and the others are taken in', async (t) => {
  const opened = await workspace(t)
  async function* mails() {
    const acknowledge = () => assert.fail('it is not on record')
    yield {
      ref: 'gone',
      channel: 'file' as const,
      read: () => readRawMail(join(opened.dir, 'gone')),
      acknowledge,
    }
    const raw = Buffer.from(mail('here'))
    yield { ref: 'here', channel: 'file' as const, read: async () => raw, acknowledge: async () => {} }
  }
  const taken = await takeIn(opened, mails(), told().io)
  assert.deepEqual([taken.new, taken.skipped], [1, 1])
  assert.deepEqual(
    taken.problems.map(({ ref, kept }) => [ref, kept]),
    [['gone', false]],
  )
})

test('however much comes, it is taken in batches, with its counts told on the way', async (t) => {
  const opened = await workspace(t)
  let most = 0
  async function* mails() {
    for (let i = 0; i < 150; i += 1) {
      const raw = Buffer.from(mail(String(i % 140)))
      yield { ref: `#${i}`, channel: 'file' as const, read: async () => raw, acknowledge: async () => {} }
      const open = opened.log.tables.get<{ n: number }>(
        "SELECT count(*) AS n FROM runs WHERE status = 'running'",
      )
      most = Math.max(most, open?.n ?? 0)
    }
  }
  const { io, progress } = told()
  const taken = await takeIn(opened, mails(), io)
  assert.deepEqual([taken.messages, taken.new, taken.duplicate], [150, 140, 10])
  assert.equal(taken.leads + taken.closed, 140)
  assert.ok(most <= 65, `${most} runs were open at once`)
  assert.ok(progress.length > 0)
})

test('it stops between two mails when it is told to', async (t) => {
  const opened = await workspace(t)
  const { io, stop } = told()
  async function* mails() {
    for (let i = 0; ; i += 1) {
      if (i === 5) stop.abort()
      const raw = Buffer.from(mail(String(i)))
      yield { ref: `#${i}`, channel: 'file' as const, read: async () => raw, acknowledge: async () => {} }
    }
  }
  assert.equal((await takeIn(opened, mails(), io)).new, 5)
})
