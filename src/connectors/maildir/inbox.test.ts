import assert from 'node:assert/strict'
import { mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../../ports/clock.ts'
import { type MaildirInbox, maildirInbox, type WaitingMail } from './inbox.ts'
import { filesIn, temporaryFolder } from './testing/mail.ts'

/** Real time, and a list of who waits for when. */
function testClock() {
  const waiting = new Map<() => void, number>()
  const clock: Clock = {
    now: () => 0,
    wakeAt(atMs, wake) {
      waiting.set(wake, atMs)
      return () => waiting.delete(wake)
    },
    after: (delayMs, wake) => clock.wakeAt(delayMs, wake),
  }
  const pass = (untilMs: number) => {
    for (const [wake, at] of [...waiting]) {
      if (at <= untilMs && waiting.delete(wake)) wake()
    }
  }
  return { clock, waiting, pass }
}

function inboxIn(dir: string): MaildirInbox {
  return maildirInbox({ dir, clock: testClock().clock })
}

function deliver(dir: string, name: string, atSeconds: number, text = name): void {
  mkdirSync(join(dir, 'new'), { recursive: true })
  writeFileSync(join(dir, 'new', name), text)
  utimesSync(join(dir, 'new', name), atSeconds, atSeconds)
}

async function waitingIn(inbox: MaildirInbox): Promise<WaitingMail[]> {
  const mails = []
  for await (const mail of inbox.list()) mails.push(mail)
  return mails
}

async function refsOf(inbox: MaildirInbox): Promise<string[]> {
  return (await waitingIn(inbox)).map(({ ref }) => ref)
}

test('a missing Maildir is made, and empty', async (t) => {
  const dir = join(temporaryFolder(t), 'a', 'Inbox')
  assert.deepEqual(await refsOf(inboxIn(dir)), [])
  assert.deepEqual(filesIn(dir).sort(), ['cur', 'new', 'tmp'])
})

test('oldest first; hidden files and folders are no mail', async (t) => {
  const dir = temporaryFolder(t)
  deliver(dir, 'b', 2000)
  deliver(dir, 'a:2,', 3000)
  deliver(dir, 'c', 1000)
  deliver(dir, '.d', 500)
  mkdirSync(join(dir, 'new', 'folder'))
  assert.deepEqual(await refsOf(inboxIn(dir)), ['c', 'b', 'a'])
})

test('a mail is read, acknowledged, and acknowledged again', async (t) => {
  const dir = temporaryFolder(t)
  deliver(dir, 'a', 1000, 'From: x')
  const inbox = inboxIn(dir)
  const [mail] = await waitingIn(inbox)
  assert(mail)
  assert.equal(Buffer.from(await mail.read()).toString(), 'From: x')
  await mail.acknowledge()
  await mail.acknowledge()
  assert.deepEqual([filesIn(dir, 'new'), filesIn(dir, 'cur')], [[], ['a:2,']])
  assert.deepEqual(await refsOf(inbox), [])
  await assert.rejects(mail.read(), { code: 'FILE_UNREADABLE' })
})

test('mail that comes while listing is in the next listing', async (t) => {
  const dir = temporaryFolder(t)
  deliver(dir, 'a', 1000)
  deliver(dir, 'b', 2000)
  const inbox = inboxIn(dir)
  const seen: string[] = []
  for await (const mail of inbox.list()) {
    seen.push(mail.ref)
    if (seen.length === 1) deliver(dir, 'c', 1500)
    await mail.acknowledge()
  }
  assert.deepEqual(seen, ['a', 'b'])
  assert.deepEqual(await refsOf(inbox), ['c'])
})

test('a mail beyond 50 MB is not read into memory', async (t) => {
  const dir = temporaryFolder(t)
  deliver(dir, 'big', 1000)
  truncateSync(join(dir, 'new', 'big'), 51 * 1024 * 1024)
  const [mail] = await waitingIn(inboxIn(dir))
  await assert.rejects(mail?.read() ?? Promise.resolve(), { code: 'MAIL_MALFORMED' })
})

test('a delivery is told once it settled; many at once are told once', async (t) => {
  const dir = temporaryFolder(t)
  const { clock, waiting, pass } = testClock()
  let told = 0
  const stop = maildirInbox({ dir, clock }).watch(() => told++)
  t.after(stop)
  for (let i = 0; i < 20; i++) deliver(dir, `m${i}`, 1000)
  for (let i = 0; i < 100 && waiting.size < 2; i++) await wait(20)
  await wait(50)
  pass(100)
  assert.equal(told, 1)
})

test('without word from the file system it is told at every poll, until it is ended', async (t) => {
  const dir = temporaryFolder(t)
  const { clock, waiting, pass } = testClock()
  let told = 0
  const stop = maildirInbox({ dir: join(dir, 'Inbox'), clock, pollMs: 5000 }).watch(() => told++)
  rmSync(join(dir, 'Inbox'), { recursive: true })
  await wait(50)
  pass(4999)
  told = 0
  pass(5000)
  pass(5000)
  assert.equal(told, 2)
  stop()
  assert.equal(waiting.size, 0)
  pass(5000)
  assert.equal(told, 2)
})
