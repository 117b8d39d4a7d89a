/**
 * A customer of the sample is in a sealed backup. After they were erased and its key was destroyed, nothing that lies
 * on this machine opens it, the keys of the vault included; and whenever the process is killed on the way, there is
 * the key, or the record, and never a record of what was not done.
 */
import assert from 'node:assert/strict'
import { createDecipheriv, hash, hkdfSync } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { BACKUP_CRASH_POINTS } from '../src/ports/crash-points.ts'
import { cli, dataHome, folder, json, typed } from './testing/cli.ts'

const ADDRESS = 'ingrid.vasshaug@fjordlys-foundation.example'
const NAME = 'Ingrid Vasshaug'

const home = folder()
const ready = join(home, 'ready')

interface Listed {
  id: string
  state: string
  to: string
}

before(async () => {
  assert.equal((await cli(['up', '--sample', '--once', '--dir', ready])).code, 0)
})

function workspaceOf(name: string): string {
  const dir = join(home, name)
  cpSync(ready, dir, { recursive: true })
  return dir
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Files in which the customer stands as they are, or in base64. */
function namedIn(dir: string): string[] {
  const forms = [NAME, ADDRESS].flatMap((text) => [text, Buffer.from(text).toString('base64').slice(0, -4)])
  return filesIn(dir).filter((file) => {
    const bytes = readFileSync(file)
    return forms.some((form) => bytes.includes(form))
  })
}

/** Everything in these folders that may be a key of 32 bytes, and everything that such a key opens. */
function keysWithin(dirs: readonly string[]): Uint8Array[] {
  const texts = dirs.flatMap(filesIn).map((file) => readFileSync(file).toString('latin1'))
  const words = [...new Set(texts.flatMap((text) => text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? []))]
  const bytes = words.map((word) => Buffer.from(word, 'base64')).filter(({ length }) => length >= 32)
  const keys = new Map<string, Buffer>(
    bytes.filter(({ length }) => length === 32).map((key) => [key.toString('hex'), key]),
  )
  const places = texts.flatMap((text) => {
    const [, backup] = /"backup": ?"(bk-\w+)"/.exec(text) ?? []
    const [, log] = /"log": ?"([^"]+)"/.exec(text) ?? []
    return backup && log ? [[log, `backup/${backup}`, 1]] : []
  })
  // An envelope: the data key under a key that is there, then the value under the data key.
  for (const part of ['key', 'value']) {
    for (const sealed of bytes.filter(({ length }) => length > 32 && length < 200)) {
      for (const place of places) {
        const bound = Buffer.from(JSON.stringify(['holdfast vault, format 1', part, ...place]))
        for (const key of [...keys.values()]) {
          const plain = decrypt(sealed.subarray(0, 12), sealed.subarray(12), key, bound)
          const found = plain && (plain.length === 32 ? plain : Buffer.from(plain.toString(), 'base64'))
          if (found?.length === 32) keys.set(found.toString('hex'), found)
        }
      }
    }
  }
  return [...keys.values()]
}

function decrypt(iv: Buffer, sealed: Buffer, key: Buffer, bound: Buffer): Buffer | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv)
    decipher.setAAD(bound)
    decipher.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  } catch {
    return null
  }
}

/** Whether any key that is to be had opens the sealed list of the backup. */
function opensWithAny(backup: string, keys: readonly Uint8Array[]): boolean {
  const { backup: id } = JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8')) as { backup: string }
  const bytes = readFileSync(join(backup, 'contents'))
  const iv = Buffer.alloc(12)
  iv[11] = 1
  const purpose = 'holdfast backup, format 2'
  const bound = Buffer.from(JSON.stringify([purpose, id, 'contents']))
  return keys.some((key) => {
    const own = Buffer.from(hkdfSync('sha256', key, bytes.subarray(0, 32), purpose, 32))
    return decrypt(iv, bytes.subarray(32), own, bound) !== null
  })
}

async function erase(dir: string, ...more: string[]) {
  return await cli(['erase', ADDRESS, '--reason', 'asked', '--yes', '--cancel-runs', ...more, '--dir', dir])
}

test('after the erasure and the end of the key, nothing that is left opens the backup', async () => {
  const dir = workspaceOf('erased')
  const copy = join(home, 'copies', 'sealed')
  const made = await cli(['backup', copy, '--keep', '90d', '--dir', dir])
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /Sealed as bk-\w+: it can be read until/)
  assert.match(made.stdout, /The keys lie in the workspace/)
  assert.deepEqual(namedIn(copy), [], 'sealed')

  assert.ok(
    opensWithAny(copy, keysWithin([dir, copy, dataHome()])),
    'the search finds a key while there is one',
  )
  const early = join(home, 'early')
  assert.equal((await cli(['restore', copy, '--dir', early])).code, 0)
  assert.notDeepEqual(namedIn(early), [], 'they are in it')
  const again = join(home, 'again')
  const restored = await cli(['restore', copy, '--dir', again])
  assert.equal(restored.code, 0)

  const kept = await erase(dir)
  assert.equal(kept.code, 0, kept.stdout + kept.stderr)
  assert.match(kept.stdout, /Backup bk-\w+ in .* may hold them still\. Its key is destroyed/)
  assert.ok(opensWithAny(copy, keysWithin([dir, copy, dataHome()])))
  const named = join(home, 'named')
  const without = await cli(['restore', copy, '--erasures', dir, '--dir', named])
  assert.match(without.stdout, /Erased again: 1 customer/)
  assert.deepEqual(namedIn(named), [])

  const [before] = (await json(['backups', '--dir', dir])) as Listed[]
  assert.equal(before?.state, 'readable')
  assert.equal((await cli(['backup', 'destroy', before?.id ?? '', '--dir', dir])).code, 2, 'only with --yes')
  assert.equal((await cli(['backup', 'destroy', before?.id ?? '', '--yes', '--dir', dir])).code, 0)
  assert.equal(opensWithAny(copy, keysWithin([dir, copy, dataHome()])), false)
  const gone = await cli(['restore', copy, '--dir', join(home, 'never')])
  assert.equal(gone.code, 1)
  assert.match(gone.stderr, /BACKUP_KEY_GONE/)
  assert.equal(existsSync(join(home, 'never')), false)
  const [after] = (await json(['backups', '--dir', dir])) as Listed[]
  assert.equal(after?.state, 'destroyed')
  assert.deepEqual(namedIn(dir), [])
  assert.equal((await cli(['log', 'verify', '--dir', dir])).code, 0)
  assert.equal((await cli(['log', 'rebuild', '--check', '--dir', dir])).code, 0)
})

test('--end-backups destroys the keys with the erasure; later backups are none of its affair', async () => {
  const dir = workspaceOf('at-once')
  const [plain, copy] = [join(home, 'copies', 'plain'), join(home, 'copies', 'at-once')]
  assert.equal((await cli(['backup', plain, '--dir', dir])).code, 0)
  assert.equal((await cli(['backup', copy, '--keep', '90d', '--dir', dir])).code, 0)
  const erased = await erase(dir, '--end-backups')
  assert.equal(erased.code, 0, erased.stdout + erased.stderr)
  assert.match(erased.stdout, /Nobody can read these backups any more.*bk-/)
  assert.match(erased.stdout, /The backup in .*plain may hold them still\. It is a plain copy/)
  assert.equal(opensWithAny(copy, keysWithin([dir, copy, dataHome()])), false)
  const later = join(home, 'copies', 'later')
  assert.equal((await cli(['backup', later, '--keep', '90d', '--dir', dir])).code, 0)
  const listed = (await json(['backups', '--dir', dir])) as Listed[]
  assert.deepEqual(
    listed.map(({ state }) => state),
    ['readable', 'destroyed', 'plain'],
  )
  const back = join(home, 'later')
  assert.equal((await cli(['restore', later, '--dir', back])).code, 0)
  assert.deepEqual(namedIn(back), [])
})

/** The key files of a workspace, each with whether it is whole. */
function keyFiles(dir: string): { name: string; whole: boolean }[] {
  const keys = join(dir, 'backup-keys')
  return (existsSync(keys) ? readdirSync(keys) : []).map((name) => ({
    name,
    whole: readFileSync(join(keys, name), 'utf8').includes('"envelope"'),
  }))
}

async function kindsOf(dir: string): Promise<string[]> {
  const { stdout } = await cli(['log', 'export', '--dir', dir])
  const lines = stdout.trim().split('\n')
  return lines
    .map((line) => (JSON.parse(line) as { type: string }).type.replace('holdfast.', ''))
    .filter((kind) => kind.startsWith('backup'))
}

const MAKING: readonly string[] = [
  'backup.after-key',
  'backup.after-copy',
  'backup.before-name',
  'backup.after-name',
]

test('killed at any point, there is the key or the record, and looking after it comes to the end', async () => {
  for (const point of BACKUP_CRASH_POINTS) {
    const dir = workspaceOf(point)
    const copy = join(home, 'copies', point)
    const making = ['backup', copy, '--keep', '1ms', '--dir', dir]
    const isMaking = MAKING.includes(point)
    const killed = isMaking
      ? await typed(making, { env: { HOLDFAST_CRASH_AT: point } })
      : await (async () => {
          assert.equal((await cli(making)).code, 0)
          return await typed(['retain', '--dir', dir], { env: { HOLDFAST_CRASH_AT: point } })
        })()
    assert.notEqual(killed.code, 0, point)
    const [key] = keyFiles(dir)
    const kinds = await kindsOf(dir)
    assert.ok(key !== undefined || kinds.includes('backup-key.destroyed'), `${point}: the key or the record`)
    if (kinds.includes('backup-key.destroyed')) assert.equal(key?.whole ?? false, false, point)
    if (kinds.includes('backup.made')) assert.ok(existsSync(join(copy, 'manifest.json')), point)
    if (point === 'backup.after-overwrite' || point === 'backup.mid-overwrite') {
      assert.equal(kinds.includes('backup-key.destroyed'), false, point)
      const [one] = (await json(['backups', '--dir', dir])) as Listed[]
      assert.equal(one?.state, 'due', `${point}: not told as destroyed before it is on record`)
    }
    const done = await cli(['retain', '--dir', dir])
    assert.equal(done.code, 0, done.stderr)
    assert.deepEqual(keyFiles(dir), [], point)
    const ends = (await kindsOf(dir)).filter((kind) => kind === 'backup-key.destroyed')
    assert.equal(ends.length, 1, `${point}: on record once`)
    if (existsSync(copy)) {
      const gone = await cli(['restore', copy, '--dir', join(home, `restored-${hash('sha1', point)}`)])
      assert.match(gone.stderr, /BACKUP_KEY_GONE/, point)
    }
    const next = await cli(['backup', `${copy}-next`, '--dir', dir])
    assert.equal(next.code, 0, next.stderr)
    const left = readdirSync(dir).filter((name) => name.startsWith('.backup-'))
    assert.deepEqual(left, [], `${point}: no copy in the clear is left behind`)
  }
})
