import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { lastRestore } from '../../ports/restores.ts'
import { openSqliteEventLog } from '../sqlite/event-log.ts'
import { LOG_FILE } from '../sqlite/place.ts'
import { makeBackup } from './backup.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { type RestoreReport, restoreBackup } from './restore.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-backup-'))
after(() => rmSync(root, { recursive: true, force: true }))
let folders = 0
const newFolder = (): string => join(root, String(++folders))
const clock = { now: () => Date.UTC(2026, 0, 5) }
const open = (dir: string): EventLog => openSqliteEventLog({ dir, clock })

async function append(log: EventLog, n: number): Promise<void> {
  const events = [
    { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: { n, text: 'x'.repeat(500) } },
  ]
  await log.append([{ stream: 's', expectedVersion: 'any', events }])
}

/** A workspace with some events, mail and settings; what it is backed up with. */
async function workspace(): Promise<{ dir: string; log: EventLog; to: string; backUp(): Promise<unknown> }> {
  const [dir, to] = [newFolder(), newFolder()]
  const log = open(dir)
  for (let n = 0; n < 50; n += 1) await append(log, n)
  mkdirSync(join(dir, 'mail/Inbox/new'), { recursive: true })
  writeFileSync(join(dir, 'mail/Inbox/new/one'), 'a mail')
  writeFileSync(join(dir, 'policy.yaml'), 'version: 1\n')
  const files = { dir, before: ['policy.yaml', 'mail/Inbox', 'nothing'], after: ['mail/Sent'] }
  return { dir, log, to, backUp: () => makeBackup({ log, to, now: clock.now(), files }) }
}

function restoring(from: string, dir = newFolder()): Promise<RestoreReport> {
  return restoreBackup({ from, dir, open })
}

test('a backup made while appends go on holds all that was acknowledged before it, and restores', async () => {
  const { log, to, backUp } = await workspace()
  const before = log.head().position
  let goesOn = true
  const appending = (async () => {
    for (let n = 0; goesOn; n += 1) await append(log, n)
  })()
  await backUp()
  goesOn = false
  await appending
  const dir = newFolder()
  const { checkpoint, files, rebuilt } = await restoring(to, dir)
  assert.ok(checkpoint.position >= before && checkpoint.position <= log.head().position)
  assert.deepEqual([files, rebuilt], [3, []])
  assert.equal(log.verify(checkpoint).head.position, log.head().position)
  assert.equal(readFileSync(join(dir, 'mail/Inbox/new/one'), 'utf8'), 'a mail')
  const restored = open(dir)
  assert.equal(restored.id, log.id)
  assert.deepEqual(lastRestore(restored), { position: checkpoint.position, made: checkpoint.time })
  assert.equal(restored.head().position, checkpoint.position + 1)
  await append(restored, 0)
  restored.verify(checkpoint)
  await restored.close()
  await log.close()
})

test('closing waits for the copy under way', async () => {
  const { log, backUp } = await workspace()
  const dir = newFolder()
  mkdirSync(dir)
  const [head] = await Promise.all([log.copyTo(join(dir, LOG_FILE)), log.close()])
  const copy = open(dir)
  assert.deepEqual(copy.head(), head)
  await copy.close()
  await assert.rejects(backUp(), { code: 'LOG_CLOSED' })
})

for (const [what, spoil, code] of [
  [
    'a changed file',
    (to: string) => writeFileSync(join(to, 'policy.yaml'), 'version: 2\n'),
    'BACKUP_INVALID',
  ],
  ['a missing file', (to: string) => rmSync(join(to, 'mail/Inbox/new/one')), 'BACKUP_INVALID'],
  ['a missing manifest', (to: string) => rmSync(join(to, MANIFEST_FILE)), 'BACKUP_INVALID'],
  [
    'a path that leads out of the folder',
    (to: string) => edit(to, '"policy.yaml"', '"../x"'),
    'BACKUP_INVALID',
  ],
  [
    'another head',
    (to: string) => edit(to, /"hash": "[0-9a-f]+/, `"hash": "${'0'.repeat(64)}`),
    'LOG_REWRITTEN',
  ],
  ['another log', (to: string) => edit(to, /"log": "[^"]+/, '"log": "other'), 'LOG_REPLACED'],
] as const) {
  test(`a backup with ${what} is refused, and nothing is left of it`, async () => {
    const { log, to, backUp } = await workspace()
    await backUp()
    await log.close()
    spoil(to)
    const dir = newFolder()
    await assert.rejects(restoring(to, dir), { code })
    assert.deepEqual([existsSync(dir), existsSync(`${dir}.partial`)], [false, false])
  })
}

function edit(to: string, from: string | RegExp, into: string): void {
  const file = join(to, MANIFEST_FILE)
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, into))
}

test('neither is made into a folder that holds something, and what a dead attempt left is replaced', async () => {
  const { log, to, backUp, dir } = await workspace()
  mkdirSync(`${to}.partial`)
  writeFileSync(join(`${to}.partial`, LOG_FILE), 'half of it')
  await backUp()
  await assert.rejects(backUp(), { code: 'FOLDER_NOT_EMPTY' })
  await assert.rejects(restoring(to, dir), { code: 'FOLDER_NOT_EMPTY' })
  assert.deepEqual(readdirSync(to).sort(), [LOG_FILE, 'mail', MANIFEST_FILE, 'policy.yaml'])
  await log.close()
})

test('one that is stopped leaves nothing behind', async () => {
  const { log, to, dir } = await workspace()
  const files = { dir, before: ['policy.yaml'], after: [] }
  const signal = AbortSignal.abort()
  await assert.rejects(makeBackup({ log, to, now: 0, files, signal }), { code: 'HOLDFAST_CLOSED' })
  assert.deepEqual([existsSync(to), existsSync(`${to}.partial`)], [false, false])
  await log.close()
})
