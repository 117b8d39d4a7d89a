import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, it } from 'node:test'
import { checkpointOf } from '../../kernel/checkpoint.ts'
import type { HoldfastError } from '../../kernel/errors.ts'
import { SYSTEM } from '../../kernel/label.ts'
import { eventLogContract } from '../../ports/event-log.contract.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Projection } from '../../ports/projection.ts'
import { openSqliteEventLog } from './event-log.ts'
import { LOG_FILE } from './place.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-log-'))
let places = 0
const newPlace = (): string => join(root, String(++places))
const clock = { now: () => 1_700_000_000_000 + places }
const open = (dir: string, projections: readonly Projection[] = []): EventLog =>
  openSqliteEventLog({ dir, clock, projections })

/** The database of a log whose process is thought dead, opened again. */
function openTwice(): { former: EventLog; present: EventLog } {
  const database = new DatabaseSync(':memory:')
  const former = openSqliteEventLog({ database, clock })
  return { former, present: openSqliteEventLog({ database, clock }) }
}

eventLogContract('sqlite', { open, openTwice, newPlace, dispose: () => {} })
after(() => rmSync(root, { recursive: true, force: true }))

async function logWith(...bodies: { readonly [key: string]: string }[]): Promise<string> {
  const dir = newPlace()
  const log = open(dir)
  const events = bodies.map((body) => ({ kind: 'thing.happened', actor: 'test', label: SYSTEM, body }))
  await log.append([{ stream: 's', expectedVersion: 0, events }])
  await log.close()
  return dir
}

function tamper(dir: string, sql: string): void {
  const database = new DatabaseSync(join(dir, LOG_FILE))
  database.exec(sql)
  database.close()
}

function verifyAnew(dir: string): void {
  const log = open(dir)
  try {
    log.verify()
  } finally {
    void log.close()
  }
}

/** A body of this text with a nonce of zeros. */
const bodyOf = (json: string): string => `X'${Buffer.from('\0'.repeat(16) + json).toString('hex')}'`

for (const [what, sql] of [
  ['a changed body', `UPDATE events SET body = ${bodyOf('{"a":"2"}')} WHERE position = 1`],
  ['a changed time', 'UPDATE events SET time = time + 1 WHERE position = 2'],
  ['a changed actor', 'UPDATE events SET actor = label WHERE position = 2'],
  ['a raised trust', `UPDATE words SET text = 'owner' WHERE text = 'system'`],
  ['a word that is missing', `DELETE FROM words WHERE text = 'thing.happened'`],
  ['a forged body beside the hash of the true one', `UPDATE events SET body_hash = X'00' WHERE position = 1`],
  ['a removed event', 'DELETE FROM events WHERE position = 2'],
  ['a removed first event of a stream', 'DELETE FROM events WHERE position = 1'],
  ['an event moved between streams', 'UPDATE events SET stream = 2, version = 2 WHERE position = 3'],
  ['a swapped stream name', `UPDATE events SET name = 'other' WHERE position = 1`],
  ['a second name', `UPDATE events SET name = 'other' WHERE position = 2`],
  ['a commit that lost its hash', 'UPDATE events SET hash = NULL WHERE position = 3'],
  ['a hash within a commit', 'UPDATE events SET hash = (SELECT hash FROM events WHERE position = 3)'],
] as const) {
  it(`notices ${what}`, async () => {
    const dir = await logWith({ a: '1' }, { a: '1' }, { a: '3' })
    tamper(dir, sql)
    assert.throws(() => verifyAnew(dir), { code: 'LOG_CORRUPT' })
  })
}

it('names the event that does not fit where that can be told, else the events of its commit', async () => {
  const found = async (sql: string): Promise<{ message: string; position: unknown }> => {
    const dir = await logWith({ a: '1' }, { a: '1' }, { a: '3' })
    const log = open(dir)
    const event = { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: { a: '4' } }
    await log.append([{ stream: 's', expectedVersion: 3, events: [event] }])
    await log.close()
    tamper(dir, sql)
    try {
      verifyAnew(dir)
    } catch (error) {
      const { message, details } = error as HoldfastError
      return { message, position: details.position }
    }
    throw new Error('it fits')
  }
  const alone = await found('UPDATE events SET time = time + 1 WHERE position = 4')
  assert.deepEqual(alone, { message: 'Event 4 does not match its hash', position: 4 })
  for (const json of ['{"a":"1', '{"a": "1"}', '7', '\\xff']) {
    const broken = await found(`UPDATE events SET body = ${bodyOf(json)} WHERE position = 2`)
    assert.match(broken.message, /^Event 2 has a body that no log has written; its commit, events 1 to 3,/)
    assert.equal(broken.position, 2)
  }
  const changed = await found(`UPDATE events SET body = ${bodyOf('{"a":"2"}')} WHERE position = 2`)
  assert.match(changed.message, /^Events 1 to 3 are one commit and do not match its hash:.*can't tell which$/)
  assert.equal(changed.position, 1)
})

it('leaves no byte of an erased body or blob in any file, nor after compaction', async () => {
  const dir = await logWith({ secret: 'Rosenkohl' })
  const log = open(dir)
  const bytes = Buffer.from('Rosenkohl '.repeat(10_000))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const event = { kind: 'x', actor: 'test', label: SYSTEM, body: { text: 'Rosenkohl '.repeat(10_000) } }
  await log.append([{ stream: 's', expectedVersion: 1, events: [event] }], [{ sha256, bytes }])
  await log.erase({ positions: [1, 2] }, { actor: 'operator', reason: 'asked for' })
  for (const name of readdirSync(dir)) {
    assert.ok(!readFileSync(join(dir, name)).includes('Rosenkohl'), `${name} still holds it`)
  }
  log.compact()
  for (const name of readdirSync(dir)) {
    assert.ok(!readFileSync(join(dir, name)).includes('Rosenkohl'), `${name} still holds it`)
  }
  await log.close()
})

it('leaves one file behind when closed', async () => {
  assert.deepEqual(readdirSync(await logWith({ a: '1' })), [LOG_FILE])
})

it('refuses a workspace of a newer version', async () => {
  const dir = await logWith({ a: '1' })
  tamper(dir, 'PRAGMA user_version = 999')
  assert.throws(() => open(dir), { code: 'WORKSPACE_NEWER' })
})

it('says that a file is not a log', async () => {
  const dir = await logWith({ a: '1' })
  tamper(dir, 'PRAGMA journal_mode = DELETE')
  const bytes = readFileSync(join(dir, LOG_FILE))
  writeFileSync(join(dir, LOG_FILE), Buffer.concat([Buffer.from('garbage!'), bytes.subarray(8)]))
  assert.throws(() => open(dir), { code: 'LOG_CORRUPT' })
})

it('answers an append though a listener throws', async () => {
  const log = open(newPlace())
  log.onCommit(() => {
    throw new Error('the listener is broken')
  })
  const event = { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: {} }
  const appended = log.append([{ stream: 's', expectedVersion: 0, events: [event] }])
  assert.throws(() => log.verify(), /the listener is broken/)
  assert.equal((await appended).length, 1)
  await log.close()
})

it('says that a folder can not be made', async () => {
  const file = join(root, 'a file')
  writeFileSync(file, '')
  assert.throws(() => open(join(file, 'below')), { code: 'LOG_WRITE_FAILED' })
})

it('keeps what was acknowledged when the disk is full, refuses the rest, and goes on when there is room', async () => {
  const dir = newPlace()
  const log = open(dir)
  const append = (version: number, text: string) =>
    log.append([
      {
        stream: 's',
        expectedVersion: version,
        events: [{ kind: 'thing.happened', actor: 'test', label: SYSTEM, body: { text } }],
      },
    ])
  await append(0, 'kept')
  log.tables.get('PRAGMA max_page_count = 1')
  const results = await Promise.allSettled([append(1, 'x'.repeat(100_000)), append(1, 'small')])
  assert.deepEqual(
    results.map((one) => (one.status === 'rejected' ? one.reason.code : 'kept')),
    ['LOG_WRITE_FAILED', 'kept'],
  )
  log.tables.get('PRAGMA max_page_count = 1000000')
  await append(2, 'y'.repeat(100_000))
  assert.equal(log.verify().events, 3)
  await log.close()
})

it('shows against a checkpoint a past that was written anew with a chain that fits', async () => {
  const dir = await logWith({ a: '1' }, { a: '2' })
  const log = open(dir)
  const checkpoint = checkpointOf(log, 0)
  await log.close()
  rmSync(dir, { recursive: true })
  const forged = open(dir)
  const events = ['1', 'another'].map((a) => ({ kind: 'x', actor: 'test', label: SYSTEM, body: { a } }))
  await forged.append([{ stream: 's', expectedVersion: 0, events }])
  await forged.close()
  tamper(dir, `UPDATE meta SET value = '${checkpoint.log}'`)
  const log2 = open(dir)
  log2.verify()
  assert.throws(() => log2.verify(checkpoint), { code: 'LOG_REWRITTEN' })
  await log2.close()
})

for (const [what, change, message] of [
  ['are gone without an erasure on record', 'DELETE FROM blobs', /Event 1 has lost the bytes/],
  ['are others', "UPDATE blobs SET bytes = CAST('raw mall' AS BLOB)", /does not match its hash/],
] as const) {
  it(`notices bytes that ${what}`, async () => {
    const dir = newPlace()
    const log = open(dir)
    const bytes = Buffer.from('raw mail')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const event = { kind: 'x', actor: 'test', label: SYSTEM, body: {} }
    await log.append([{ stream: 's', expectedVersion: 0, events: [event] }], [{ sha256, bytes }])
    await log.close()
    tamper(dir, change)
    const changed = open(dir)
    assert.throws(() => changed.verify(), { code: 'LOG_CORRUPT', message })
    await changed.close()
  })
}

it('shrinks a file from before files could shrink', async () => {
  const dir = await logWith({ a: 'x'.repeat(1_000_000) })
  tamper(dir, 'PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM')
  const log = open(dir)
  await log.erase({ positions: [1] }, { actor: 'operator', reason: 'asked for' })
  const { bytesBefore, bytesAfter } = log.compact()
  assert.ok(bytesBefore > 1_000_000 && bytesAfter < 200_000, `${bytesBefore} → ${bytesAfter}`)
  await log.close()
})

it('notices a body that is gone without an erasure on record', async () => {
  const dir = await logWith({ a: '1' }, { a: '2' })
  const log = open(dir)
  await log.erase({ positions: [2] }, { actor: 'operator', reason: 'asked for' })
  await log.close()
  const erasure = `DELETE FROM events WHERE kind = (SELECT id FROM words WHERE text = 'bodies.erased')`
  tamper(dir, erasure)
  const cut = open(dir)
  assert.throws(() => cut.verify(), { code: 'LOG_CORRUPT' })
  await cut.close()
})

it('lives on in a database that was given to it', async () => {
  const database = new DatabaseSync(':memory:')
  const event = { kind: 'thing.happened', actor: 'test', label: SYSTEM, body: {} }
  const before = openSqliteEventLog({ database, clock })
  await before.append([{ stream: 's', expectedVersion: 0, events: [event] }])
  await before.close()
  const later = openSqliteEventLog({ database, clock })
  await later.append([{ stream: 's', expectedVersion: 1, events: [event] }])
  assert.equal(later.verify().events, 2)
  assert.equal(later.id, before.id)
})
