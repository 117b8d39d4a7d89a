import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type MailFilesOptions, readMailFiles } from './files.ts'

function folder(t: TestContext, files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'mail-files-'))
  t.after(() => rmSync(dir, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

async function read(
  dir: string,
  names: readonly string[],
  options: MailFilesOptions = {},
): Promise<[string, string][]> {
  const paths = names.map((name) => join(dir, name))
  const found: [string, string][] = []
  for await (const { ref, raw } of readMailFiles(paths, options)) {
    found.push([ref.slice(dir.length + 1), Buffer.from(raw).toString()])
  }
  return found
}

const MBOX =
  'From a Mon Oct  5 10:12:00 2026\nFrom: 1\n\nx\n\nFrom b Mon Oct  5 10:12:00 2026\nFrom: 2\n\ny\n'

test('a file is one message or an mbox by its content, whatever its name', async (t) => {
  const dir = folder(t, { Inbox: MBOX, 'one.eml': 'From: a@x.example\n\nhello', empty: '' })
  assert.deepEqual(await read(dir, ['one.eml', 'Inbox', 'empty']), [
    ['one.eml', 'From: a@x.example\n\nhello'],
    ['Inbox#1', 'From: 1\n\nx\n'],
    ['Inbox#2', 'From: 2\n\ny\n'],
    ['empty', ''],
  ])
})

test('a folder gives its .eml and .mbox files and those of the folders below', async (t) => {
  const dir = folder(t, {
    'in/b.eml': 'b',
    'in/a.EML': 'a',
    'in/notes.txt': 'no',
    'in/sub/c.eml': 'c',
    'in/d.mbox': MBOX,
  })
  const names = (await read(dir, ['in'])).map(([ref]) => ref)
  assert.deepEqual(names, ['in/a.EML', 'in/b.eml', 'in/d.mbox#1', 'in/d.mbox#2', 'in/sub/c.eml'])
})

test('a Maildir gives new and cur in order of delivery, its subfolders, and nothing from tmp', async (t) => {
  const dir = folder(t, {
    'Mail/new/1700000003.b.host': 'third',
    'Mail/cur/1700000001.a.host:2,S': 'first',
    'Mail/cur/1700000002.c.host:2,': 'second',
    'Mail/new/.hidden': 'no',
    'Mail/tmp/1700000000.x.host': 'no',
    'Mail/.Sent/cur/1700000004.d.host:2,S': 'sent',
  })
  assert.deepEqual(
    (await read(dir, ['Mail'])).map(([, text]) => text),
    ['first', 'second', 'third', 'sent'],
  )
})

test('a missing file stops it before the first message', async (t) => {
  const dir = folder(t, { 'one.eml': 'x' })
  const found: string[] = []
  const reading = async () => {
    for await (const { ref } of readMailFiles([join(dir, 'one.eml'), join(dir, 'gone.eml')])) found.push(ref)
  }
  await assert.rejects(reading, { code: 'FILE_UNREADABLE', details: { path: join(dir, 'gone.eml') } })
  assert.deepEqual(found, [])
})

test('messages beyond the limit are reported and skipped', async (t) => {
  const dir = folder(t, {
    'big.eml': `From: a\n\n${'x'.repeat(100)}`,
    'box.mbox': MBOX.replace('y', 'y'.repeat(100)),
    'small.eml': 'ok',
  })
  const skipped: string[] = []
  const found = await read(dir, ['big.eml', 'box.mbox', 'small.eml'], {
    maxBytes: 60,
    onSkipped: ({ ref, sha256, error }) =>
      skipped.push(`${ref.slice(dir.length + 1)} ${error.code} ${sha256.length}`),
  })
  assert.deepEqual(
    found.map(([ref]) => ref),
    ['box.mbox#1', 'small.eml'],
  )
  assert.deepEqual(skipped, ['big.eml MAIL_MALFORMED 64', 'box.mbox#2 MAIL_MALFORMED 64'])
})
