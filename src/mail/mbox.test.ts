import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type MboxOptions, splitMbox } from './mbox.ts'
import { sha256Of } from './raw.ts'

async function split(mbox: string, chunkBytes = mbox.length, options: MboxOptions = {}): Promise<string[]> {
  const bytes = Buffer.from(mbox)
  const chunks = []
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
  const mails = []
  for await (const { raw } of splitMbox(Readable.from(chunks), options))
    mails.push(Buffer.from(raw).toString())
  return mails
}

const MBOX = [
  'From anna@berg.example Mon Oct  5 10:12:00 2026',
  'From: anna@berg.example',
  '',
  'Hello',
  '>From Monday on I am away',
  '>>From quoted twice',
  '> From is not quoted by the mbox',
  '',
  'From now on this is no separator',
  '',
  'From - Mon Oct  5 10:13:00 2026',
  'From: bo@ek.example',
  '',
  'no empty line above',
  'From bo Mon Oct  5 10:14:00 2026 is no separator',
  '',
  '',
  'From 1689@xxx Mon Oct 05 10:15:00 +0000 2026',
  'From: last@x.example',
  '',
  'the end',
  '',
].join('\n')

const MAILS = [
  'From: anna@berg.example\n\nHello\nFrom Monday on I am away\n>From quoted twice\n> From is not quoted by the mbox\n\nFrom now on this is no separator\n',
  'From: bo@ek.example\n\nno empty line above\nFrom bo Mon Oct  5 10:14:00 2026 is no separator\n\n',
  'From: last@x.example\n\nthe end\n',
]

test('messages, with one > taken from each quoted From', async () => {
  assert.deepEqual(await split(MBOX), MAILS)
})

test('the same in chunks of every size, with CRLF too', async () => {
  const crlf = (text: string) => text.replaceAll('\n', '\r\n')
  for (const size of [1, 2, 3, 7, 50, 200]) {
    assert.deepEqual(await split(MBOX, size), MAILS, `chunks of ${size}`)
    assert.deepEqual(await split(crlf(MBOX), size), MAILS.map(crlf), `CRLF, chunks of ${size}`)
  }
})

test('lines longer than a chunk, without an end, and a separator right after one', async () => {
  const long = 'x'.repeat(5000)
  const mbox = `From a Mon Oct  5 10:12:00 2026\nFrom: a\n\n${long}\nFrom b Mon Oct  5 10:12:00 2026\n\nFrom c Mon Oct  5 10:12:00 2026\nFrom: c\n\n${long}`
  const mails = [`From: a\n\n${long}\nFrom b Mon Oct  5 10:12:00 2026\n`, `From: c\n\n${long}`]
  for (const size of [64, 1001, 4096, 5038, 20_000])
    assert.deepEqual(await split(mbox, size), mails, `chunks of ${size}`)
})

test('a message beyond the limit is reported with its hash and skipped', async () => {
  const big = `From: b@x.example\n\n${'y'.repeat(3000)}\n`
  const mbox = `From a Mon Oct  5 10:12:00 2026\nFrom: a\n\n1\n\nFrom b Mon Oct  5 10:12:00 2026\n${big}\nFrom c Mon Oct  5 10:12:00 2026\nFrom: c\n\n3\n`
  const reports: unknown[] = []
  const mails = await split(mbox, 500, { maxBytes: 2000, onOversized: (mail) => reports.push(mail) })
  assert.deepEqual(mails, ['From: a\n\n1\n', 'From: c\n\n3\n'])
  assert.deepEqual(reports, [{ index: 2, size: big.length + 1, sha256: sha256Of(`${big}\n`) }])
})

test('what is no mbox has no messages', async () => {
  assert.deepEqual(await split('Subject: x\n\nhello\n'), [])
  assert.deepEqual(await split(''), [])
})

test('2,000 messages of 50 kB pass through flat memory', async () => {
  const body = `${'z'.repeat(99)}\n`.repeat(500)
  function* mbox() {
    for (let i = 0; i < 2000; i++) {
      yield Buffer.from(
        `From a Mon Oct  5 10:12:00 2026\nMessage-ID: <${i}@x>\nFrom: a@x.example\n\n${body}\n`,
      )
    }
  }
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const used = () => {
    collectGarbage()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  const limit = 30_000_000
  /** Freed buffers are given back by another thread: what is held for good is what stays. */
  const heldForGood = async () => {
    let grown = used() - before
    for (let wait = 0; wait < 100 && grown >= limit; wait++) {
      await setTimeout(20)
      grown = used() - before
    }
    return grown
  }
  let count = 0
  for await (const { raw } of splitMbox(Readable.from(mbox()))) {
    assert(raw.length > 50_000)
    if (++count % 400 !== 0) continue
    const held = await heldForGood()
    assert(held < limit, `holds ${held} bytes; all messages together have 100 MB`)
  }
  assert.equal(count, 2000)
})
