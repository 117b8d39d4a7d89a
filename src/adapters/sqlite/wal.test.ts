import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SYSTEM } from '../../kernel/label.ts'
import { openSqliteEventLog } from './event-log.ts'
import { LOG_FILE } from './place.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-wal-'))
after(() => rmSync(root, { recursive: true, force: true }))
let places = 0
const newPlace = (): string => join(root, String(++places))
const open = (dir: string) => openSqliteEventLog({ dir, clock: { now: () => 0 } })

/** The files of a log with so many commits, as a crash leaves them. */
async function crashed(commits: number): Promise<string> {
  const [dir, left] = [newPlace(), newPlace()]
  const log = open(dir)
  for (let n = 0; n < commits; n += 1) {
    const events = [
      { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: { n, text: 'x'.repeat(9_000) } },
    ]
    await log.append([{ stream: 's', expectedVersion: n, events }])
  }
  mkdirSync(left)
  for (const name of [LOG_FILE, `${LOG_FILE}-wal`]) copyFileSync(join(dir, name), join(left, name))
  await log.close()
  return left
}

function flip(file: string, at: (bytes: Buffer) => number): void {
  const bytes = readFileSync(file)
  const place = at(bytes)
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place)
  writeFileSync(file, bytes)
}

test('a log that a crash left is opened with all that was acknowledged', async () => {
  const log = open(await crashed(20))
  assert.equal(log.verify().events, 20)
  await log.close()
})

test('a damaged write-ahead log is refused wherever the damage is, but in the last commits, and left as it is', async () => {
  const dir = await crashed(20)
  const wal = join(dir, `${LOG_FILE}-wal`)
  const before = readFileSync(wal)
  let refused = 0
  for (let at = 8; at < before.length; at += 1_999) {
    writeFileSync(wal, before)
    flip(wal, () => at)
    const damaged = readFileSync(wal)
    try {
      const log = open(dir)
      await log.close()
      assert.ok(at > before.length * 0.8, `byte ${at} of ${before.length} went unseen`)
      break
    } catch (error) {
      assert.equal((error as { code: string }).code, 'LOG_CORRUPT')
      assert.match((error as { fix: string }).fix, /holdfast restore BACKUP/)
      assert.deepEqual(readFileSync(wal), damaged)
      refused += 1
    }
  }
  assert.ok(refused > 100, `${refused} refused`)
})

test('a commit that was cut off by a crash is dropped, and the log opens', async () => {
  const dir = await crashed(20)
  const wal = join(dir, `${LOG_FILE}-wal`)
  const bytes = readFileSync(wal)
  writeFileSync(wal, bytes.subarray(0, bytes.length - 5_000))
  const log = open(dir)
  assert.equal(log.verify().events, 19)
  await log.close()
})

test('damage in the file itself is refused by its verification', async () => {
  const dir = newPlace()
  const log = open(dir)
  for (let n = 0; n < 20; n += 1) {
    const events = [
      { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: { n, text: 'x'.repeat(9_000) } },
    ]
    await log.append([{ stream: 's', expectedVersion: n, events }])
  }
  await log.close()
  const file = join(dir, LOG_FILE)
  const before = readFileSync(file)
  const found = { refused: 0, unseen: 0 }
  for (let at = 4_096; at < before.length; at += 4_093) {
    writeFileSync(file, before)
    flip(file, () => at)
    found[(await isRefused(dir)) ? 'refused' : 'unseen'] += 1
  }
  assert.ok(found.refused > found.unseen * 4, JSON.stringify(found))
})

/** Bytes that no row uses may be anything. */
async function isRefused(dir: string): Promise<boolean> {
  try {
    const log = open(dir)
    try {
      log.verify()
      return false
    } finally {
      await log.close()
    }
  } catch (error) {
    assert.equal((error as { code: string }).code, 'LOG_CORRUPT')
    return true
  }
}
