import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { backupIndex } from '../../adapters/backup/backup-index.ts'
import { restoreBackup } from '../../adapters/backup/restore.ts'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { Backups, keyFinder } from './backups.ts'

const DAY = 86_400_000
const WORDS = 'the piano in the back room is out of tune'

async function place(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-backups-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  const dir = join(home, 'workspace')
  const env = { XDG_DATA_HOME: join(home, 'data') }
  const at = { now: Date.UTC(2026, 0, 5) }
  const clock = { now: () => at.now }
  const open = (where: string): EventLog =>
    openSqliteEventLog({ dir: where, clock, projections: [backupIndex] })
  const log = open(dir)
  t.after(() => log.close())
  await append(log, { words: WORDS })
  await mkdir(join(dir, 'mail', 'Inbox'), { recursive: true })
  writeFileSync(join(dir, 'mail', 'Inbox', 'from-ingrid'), WORDS)
  writeFileSync(join(dir, 'erasures.json'), '{}')
  const files = { dir, before: ['mail/Inbox'], after: ['erasures.json'] }
  const backups = (more: { keys?: string; afterErasureMs?: number } = {}) =>
    new Backups({ dir, log, env, ...more })
  let made = 0
  const make = async (keepMs: number | null = 30 * DAY, using = backups()) =>
    await using.make({ to: join(home, `copy-${++made}`), now: at.now, keepMs, files })
  const restoring = async (from: string, keys?: string) => {
    const keyOf = keyFinder({ from, env, keys })
    return await restoreBackup({ from, dir: join(home, `restored-${++made}`), open, keyOf })
  }
  const states = async (using = backups()) =>
    Object.fromEntries((await using.list(at.now)).map(({ id, state }) => [id, state]))
  const keyFiles = () => readdirSync(join(dir, 'backup-keys'))
  const keyFileOf = (id: string) => join(dir, 'backup-keys', `${id}.key`)
  const ended = (id: string) => log.readStream(`backup/${id}`).filter(({ kind }) => /destroyed/.test(kind))
  return { home, dir, at, log, env, backups, make, restoring, states, keyFiles, keyFileOf, ended }
}

async function append(log: EventLog, body: { words: string }): Promise<void> {
  const events = [{ kind: 'thing.happened', actor: 'test', label: SYSTEM, body }]
  await log.append([{ stream: 's', expectedVersion: 'any', events }])
}

/** As erasing a customer puts it on record. */
async function erasePerson(log: EventLog): Promise<void> {
  const what = { positions: [1], note: { person: { key: 'k', hash: 'h', mentions: false } } }
  await log.erase(what, { actor: 'operator', reason: 'asked' })
}

const filesOf = (dir: string) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

test('a sealed backup tells nothing without its key, and with it is the workspace again', async (t) => {
  const { dir, make, restoring, states, keyFileOf } = await place(t)
  const made = await make()
  if (process.platform !== 'win32') assert.equal(statSync(keyFileOf(made.id)).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(made.to).sort(), [
    '000001',
    '000002',
    '000003',
    'contents',
    'erasures.json',
    'manifest.json',
  ])
  for (const file of filesOf(made.to)) {
    const bytes = readFileSync(file)
    for (const text of [WORDS, 'SQLite format', 'from-ingrid', ...made.files.map(({ sha256 }) => sha256)]) {
      assert.equal(bytes.includes(text), false, `${text} in ${file}`)
    }
  }
  assert.equal(
    readdirSync(dir).some((name) => name.startsWith('.backup-')),
    false,
    'no copy is left',
  )
  assert.deepEqual(await states(), { [made.id]: 'readable' })
  const restored = await restoring(made.to)
  assert.equal(restored.files, 3)
  assert.equal(readFileSync(join(restored.dir, 'mail/Inbox/from-ingrid'), 'utf8'), WORDS)
})

test('when its time is over, the key is destroyed, that is on record, and the backup can not be read', async (t) => {
  const { at, backups, make, restoring, states, keyFiles, keyFileOf, ended } = await place(t)
  const [first, second] = [await make(DAY), await make(2 * DAY)]
  const bytes = readFileSync(keyFileOf(first.id))
  at.now += DAY - 1
  assert.deepEqual(await backups().lookAfter(at.now), { destroyed: [], unreached: [] })
  at.now += 1
  assert.equal((await states())[first.id], 'due')
  assert.deepEqual(await backups().lookAfter(at.now), { destroyed: [first.id], unreached: [] })
  assert.deepEqual(await states(), { [first.id]: 'destroyed', [second.id]: 'readable' })
  assert.deepEqual(keyFiles(), [`${second.id}.key`])
  assert.deepEqual(
    ended(first.id).map(({ body, actor }) => [body?.why, actor]),
    [['expired', 'runtime']],
  )
  await assert.rejects(restoring(first.to), { code: 'BACKUP_KEY_GONE', message: /2026-01-06/ })
  await restoring(second.to)
  assert.deepEqual(await backups().lookAfter(at.now), { destroyed: [], unreached: [] })
  assert.ok(bytes.length > 0)
})

test('after an erasure older backups end earlier, or at once; younger ones go on', async (t) => {
  const { at, log, backups, make, states, ended } = await place(t)
  const after = backups({ afterErasureMs: 7 * DAY })
  const [plain, older] = [await make(null), await make(90 * DAY)]
  at.now += DAY
  await erasePerson(log)
  const younger = await make(90 * DAY)
  const until = (await after.list(at.now)).find(({ id }) => id === older.id)?.until
  assert.equal(until, at.now + 7 * DAY)
  assert.deepEqual(await states(after), {
    [plain.id]: 'plain',
    [older.id]: 'readable',
    [younger.id]: 'readable',
  })
  at.now += 7 * DAY
  assert.deepEqual((await after.lookAfter(at.now)).destroyed, [older.id])
  assert.equal(ended(older.id)[0]?.body?.why, 'erasure')
  const next = await make(90 * DAY)
  await append(log, { words: 'more' })
  await erasePerson(log)
  assert.deepEqual([...(await after.destroyOlder()).destroyed].sort(), [younger.id, next.id].sort())
  assert.deepEqual((await after.destroyOlder()).destroyed, [])
})

test('what is not where it was kept is not taken for destroyed, and ends when it is back', async (t) => {
  const { home, at, backups, make, restoring, states, ended } = await place(t)
  const stick = join(home, 'stick')
  const on = backups({ keys: stick })
  const made = await make(DAY, on)
  await restoring(made.to)
  renameSync(stick, join(home, 'away'))
  assert.deepEqual(await states(on), { [made.id]: 'missing' })
  await assert.rejects(restoring(made.to), { code: 'BACKUP_KEY_GONE' })
  await restoring(made.to, join(home, 'away'))
  at.now += DAY
  assert.deepEqual(await on.lookAfter(at.now), {
    destroyed: [],
    unreached: [{ id: made.id, folder: stick }],
  })
  await assert.rejects(on.destroy(made.id), { code: 'BACKUP_KEY_GONE' })
  assert.deepEqual(ended(made.id), [])
  await mkdir(stick)
  assert.deepEqual((await on.lookAfter(at.now)).destroyed, [], 'an empty folder proves nothing')
  rmSync(stick, { recursive: true })
  renameSync(join(home, 'away'), stick)
  assert.deepEqual((await on.lookAfter(at.now)).destroyed, [made.id])
  assert.equal(ended(made.id).length, 1)
})

test('a key that was copied to the folder in use goes with the one that was put elsewhere', async (t) => {
  const { home, dir, at, backups, make, keyFiles } = await place(t)
  const stick = join(home, 'stick')
  const made = await make(DAY, backups({ keys: stick }))
  await mkdir(join(dir, 'backup-keys'))
  const file = `${made.id}.key`
  writeFileSync(join(dir, 'backup-keys', file), readFileSync(join(stick, file)))
  at.now += DAY
  renameSync(stick, join(home, 'away'))
  assert.deepEqual((await backups().lookAfter(at.now)).destroyed, [], 'one of two copies is not the key')
  assert.deepEqual(keyFiles(), [file])
  renameSync(join(home, 'away'), stick)
  assert.deepEqual((await backups().lookAfter(at.now)).destroyed, [made.id])
  assert.deepEqual([keyFiles(), readdirSync(stick)], [[], []])
})

test('a key is destroyed on the operator’s word; a plain copy has none', async (t) => {
  const { backups, make, restoring, ended } = await place(t)
  const [made, plain] = [await make(), await make(null)]
  await backups().destroy(made.id)
  await backups().destroy(made.id)
  assert.equal(ended(made.id).length, 1)
  await assert.rejects(restoring(made.to), { code: 'BACKUP_KEY_GONE' })
  await assert.rejects(backups().destroy(plain.id), { code: 'BACKUP_UNKNOWN' })
  await assert.rejects(backups().destroy('bk-0'), { code: 'BACKUP_UNKNOWN' })
  await restoring(plain.to)
})

test('a changed sealed backup is refused, and so is the key of another', async (t) => {
  const { home, make, restoring, keyFileOf } = await place(t)
  const [made, other] = [await make(), await make()]
  const file = join(made.to, '000003')
  const bytes = readFileSync(file)
  bytes[40] = (bytes[40] ?? 0) ^ 1
  writeFileSync(file, bytes)
  const before = readdirSync(home).length
  await assert.rejects(restoring(made.to), { code: 'BACKUP_INVALID', message: /000003/ })
  rmSync(file)
  await assert.rejects(restoring(made.to), { code: 'BACKUP_INVALID', message: /missing/ })
  assert.equal(readdirSync(home).length, before, 'nothing is left of it')
  writeFileSync(keyFileOf(made.id), readFileSync(keyFileOf(other.id), 'utf8').replace(other.id, made.id))
  await assert.rejects(restoring(made.to), { code: 'BACKUP_INVALID', message: /key/ })
})

test('a key that was made for another workspace is left alone', async (t) => {
  const { home, at, backups, make, keyFileOf } = await place(t)
  const shared = join(home, 'shared')
  await mkdir(shared)
  const made = await make()
  const foreign = readFileSync(keyFileOf(made.id), 'utf8').replace(/"log":"[^"]+/, '"log":"other')
  writeFileSync(join(shared, 'bk-foreign.key'), foreign)
  at.now += 90 * DAY
  await backups({ keys: shared }).lookAfter(at.now)
  assert.deepEqual(readdirSync(shared), ['bk-foreign.key'])
})

test('a key that was overwritten is due until that is on record; one that is damaged is not taken for destroyed', async (t) => {
  const { at, backups, make, states, keyFileOf, ended } = await place(t)
  const [begun, spoilt] = [await make(), await make()]
  writeFileSync(keyFileOf(begun.id), 'destroyed destroyed')
  writeFileSync(keyFileOf(spoilt.id), 'something else')
  assert.deepEqual(await states(), { [begun.id]: 'due', [spoilt.id]: 'missing' })
  assert.deepEqual((await backups().lookAfter(at.now)).destroyed, [begun.id])
  assert.deepEqual([ended(begun.id).length, ended(spoilt.id).length], [1, 0])
})

test('what retention erases ends no backup', async (t) => {
  const { at, log, make, states } = await place(t)
  const { id } = await make(90 * DAY)
  await log.erase({ positions: [1] }, { actor: 'runtime', reason: 'too old' })
  at.now += 31 * DAY
  assert.deepEqual(await states(), { [id]: 'readable' })
})
