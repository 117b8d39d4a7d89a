import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { VAULT_CRASH_POINTS } from '../../ports/crash-points.ts'
import { vaultContract } from '../../ports/vault.contract.ts'
import type { Vault } from '../../ports/vault.ts'
import { fileVault, keyFileOf, VAULT_FILE, vaultWithoutLog } from './vault.ts'

const ROTATING = fileURLToPath(new URL('./testing/rotating-process.ts', import.meta.url))
const VALUE = 'canary-4f1d-sealed'
const at = { now: 1, above: 0 }

async function place(t?: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'vault-'))
  t?.after(() => rm(home, { recursive: true }))
  const dir = join(home, 'workspace')
  await mkdir(dir)
  const env: Record<string, string> = { XDG_DATA_HOME: join(home, 'data') }
  const keys = join(home, 'data', 'holdfast', 'vault-keys')
  const open = (workspace = 'w-1', more: Record<string, string> = {}): Vault =>
    fileVault({ dir, env: { ...env, ...more } })(workspace)
  return { home, dir, env, keys, open, file: join(dir, VAULT_FILE) }
}

vaultContract(async () => {
  const { home, dir, open } = await place()
  return {
    open,
    stored: async () => {
      const files = (await readdir(dir)).map((name) => readFile(join(dir, name)))
      return Buffer.concat(await Promise.all(files))
    },
    dispose: () => rm(home, { recursive: true }),
  }
})

test('a master key is made outside the workspace, for its owner alone, and is not in the vault', async (t) => {
  const { dir, env, keys, open, file } = await place(t)
  const key = await open().prepare()
  assert.equal(key.made, true)
  assert.equal(key.where, join(keys, `${key.fingerprint}.key`))
  assert.equal(await keyFileOf({ dir, env }), key.where)
  assert.equal((await stat(key.where)).mode & 0o777, 0o600)
  assert.equal((await stat(keys)).mode & 0o777, 0o700)
  await open().set('a', VALUE, at)
  assert.deepEqual(await open().prepare(), { ...key, made: false })
  const text = (await readFile(key.where, 'utf8')).split('\n').find((line) => line && !line.startsWith('#'))
  assert.equal(Buffer.from(text ?? '', 'base64').length, 32)
  assert.ok(!(await readFile(file, 'utf8')).includes(text ?? ''))
  assert.equal((await stat(file)).mode & 0o777, 0o600)
})

test('an envelope under another name, or as another version, does not open', async (t) => {
  const { open, file } = await place(t)
  await open().set('a', VALUE, at)
  await open().set('b', 'something else', at)
  const content = JSON.parse(await readFile(file, 'utf8'))
  const { a, b } = content.secrets
  const with_ = async (secrets: object) => await writeFile(file, JSON.stringify({ ...content, secrets }))
  await with_({ a: b, b: a })
  await assert.rejects(open().open('a'), { code: 'VAULT_ENVELOPE_BROKEN' })
  await with_({ a: { ...a, version: 2 } })
  await assert.rejects(open().open('a'), { code: 'VAULT_ENVELOPE_BROKEN' })
  await with_({ a: { ...a, envelope: { ...a.envelope, key: b.envelope.key } } })
  await assert.rejects(open().open('a'), { code: 'VAULT_ENVELOPE_BROKEN' })
  const flipped = Buffer.from(a.envelope.value, 'base64')
  flipped[14] = (flipped[14] ?? 0) ^ 1
  await with_({ a: { ...a, envelope: { ...a.envelope, value: flipped.toString('base64') } } })
  await assert.rejects(open().open('a'), { code: 'VAULT_ENVELOPE_BROKEN' })
  await assert.rejects(open().rotate(), { code: 'VAULT_ENVELOPE_BROKEN' })
  await with_({ a })
  assert.equal((await open().open('a')).value, VALUE)
})

test('the same value is sealed differently each time', async (t) => {
  const { open, file } = await place(t)
  const envelopes = new Set<string>()
  for (let i = 0; i < 5; i += 1) {
    await open().set('a', VALUE, at)
    envelopes.add(JSON.parse(await readFile(file, 'utf8')).secrets.a.envelope.value)
  }
  assert.equal(envelopes.size, 5)
})

const KEY = Buffer.alloc(32, 7).toString('base64')
const OTHER = Buffer.alloc(32, 9).toString('hex')

test('the key comes from the variable, before the file, before the command; each may hold several', async (t) => {
  const { home, keys, open } = await place(t)
  const file = join(home, 'key')
  await writeFile(file, `# two keys\n${OTHER}\n\n${KEY}\n`)
  await open('w-1', { HOLDFAST_VAULT_KEY: KEY }).set('a', VALUE, at)
  for (const env of [
    { HOLDFAST_VAULT_KEY: KEY, HOLDFAST_VAULT_KEY_FILE: '/nowhere' },
    { HOLDFAST_VAULT_KEY: `${OTHER} ${KEY}` },
    { HOLDFAST_VAULT_KEY_FILE: file, HOLDFAST_VAULT_KEY_COMMAND: 'false' },
    { HOLDFAST_VAULT_KEY_COMMAND: `cat ${file}` },
  ]) {
    assert.equal((await open('w-1', env).open('a')).value, VALUE)
    assert.equal((await open('w-1', env).prepare()).made, false)
  }
  await assert.rejects(readdir(keys), 'no key was made')
})

test('a key that is not there, or none, is told without a word of it', async (t) => {
  const { home, open, keys } = await place(t)
  const bad = join(home, 'bad')
  await writeFile(bad, `${KEY}x\n`)
  const { where } = await open().prepare()
  await open().set('a', VALUE, at)
  const cases: [Record<string, string>, string][] = [
    [{ HOLDFAST_VAULT_KEY: OTHER }, 'VAULT_KEY_MISSING'],
    [{ HOLDFAST_VAULT_KEY: 'short' }, 'VAULT_KEY_INVALID'],
    [{ HOLDFAST_VAULT_KEY_FILE: bad }, 'VAULT_KEY_INVALID'],
    [{ HOLDFAST_VAULT_KEY_FILE: join(home, 'gone') }, 'VAULT_KEY_MISSING'],
    [{ HOLDFAST_VAULT_KEY_COMMAND: `echo ${OTHER}; exit 3` }, 'VAULT_KEY_MISSING'],
  ]
  for (const [env, code] of cases) {
    await assert.rejects(open('w-1', env).open('a'), (error: Error & { code: string }) => {
      assert.equal(error.code, code)
      assert.ok(![KEY, OTHER, 'short'].some((key) => `${error.message}${error.cause ?? ''}`.includes(key)))
      return true
    })
  }
  await rm(where)
  await assert.rejects(open().open('a'), { code: 'VAULT_KEY_MISSING' })
  await assert.rejects(open().set('b', VALUE, at), { code: 'VAULT_KEY_MISSING' }, 'no second key is made')
  assert.deepEqual(await readdir(keys), [])
  assert.deepEqual(
    (await open().list()).map(({ name }) => name),
    ['a'],
    'names are read without a key',
  )
  await open().remove('a')
  assert.equal(
    (await open().set('a', VALUE, at)).version,
    2,
    'a new key, when nothing is sealed with the old one',
  )
})

test('rotation puts the new key where the old one is, or takes the one that is named', async (t) => {
  const { home, dir, keys, open } = await place(t)
  await open().set('a', VALUE, at)
  const { from, to, where } = await open().rotate()
  assert.deepEqual((await readdir(keys)).sort(), [`${from}.key`, `${to}.key`].sort())
  assert.equal(where, join(keys, `${to}.key`))

  const file = join(home, 'mine')
  await writeFile(file, `${KEY}\n`)
  assert.equal((await open().rotate({ keyFile: file })).where, file)
  await assert.rejects(open().open('a'), { code: 'VAULT_KEY_MISSING' })
  const env = { HOLDFAST_VAULT_KEY_FILE: file }
  assert.equal((await open('w-1', env).open('a')).value, VALUE)
  await open('w-1', env).rotate()
  assert.equal((await open('w-1', env).open('a')).value, VALUE)
  assert.match(
    await readFile(file, 'utf8'),
    new RegExp(`^#.*\n\\S{44}\n${KEY}\n$`),
    'the old one stays below',
  )
  const all = (await readFile(file, 'utf8')).replace(/^#.*\n/, '')
  await assert.rejects(open('w-1', { HOLDFAST_VAULT_KEY: all }).rotate(), { code: 'USAGE' })
  assert.equal((await (await vaultWithoutLog({ dir, env })).open('a')).value, VALUE)
})

test('what is no vault is told and left alone', async (t) => {
  const { open, file } = await place(t)
  for (const text of ['', '{}', '{"format":2}']) {
    await writeFile(file, text)
    await assert.rejects(open().list(), { code: 'VAULT_INVALID' })
    await assert.rejects(open().set('a', VALUE, at), { code: 'VAULT_INVALID' })
    assert.equal(await readFile(file, 'utf8'), text)
  }
})

// -- rotation and death ------------------------------------------------------------------------------

const NAMES = ['a', 'b', 'c']

function rotating(dir: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [ROTATING, dir], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<string | null>((resolve) => child.on('close', (_, signal) => resolve(signal)))
  return { child, ended }
}

async function assertAllOpen(open: () => Vault): Promise<void> {
  for (const name of NAMES) assert.equal((await open().open(name)).value, `${VALUE}-${name}`)
}

for (const point of VAULT_CRASH_POINTS.filter((one) => one !== 'vault.before-record')) {
  test(`a rotation that dies at ${point} leaves every secret readable, and the next one ends`, async (t) => {
    const { dir, env, open } = await place(t)
    for (const name of NAMES) await open().set(name, `${VALUE}-${name}`, at)
    const before = await open().keyInUse()
    assert.equal(await rotating(dir, { ...env, HOLDFAST_CRASH_AT: point }).ended, 'SIGKILL')
    assert.equal((await open().keyInUse()) !== before, point === 'vault.after-replace', 'old, or new')
    await assertAllOpen(open)
    const { secrets } = await open().rotate()
    assert.equal(secrets, NAMES.length)
    await assertAllOpen(open)
  })
}

test('rotations that are killed at any moment leave every secret readable', async (t) => {
  const { dir, env, open } = await place(t)
  for (const name of NAMES) await open().set(name, `${VALUE}-${name}`, at)
  const kills = 4
  const seen = new Set([await open().keyInUse()])
  for (let kill = 0; kill < kills; kill += 1) {
    const { child, ended } = rotating(dir, env)
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    await sleep(Math.random() * 30)
    child.kill('SIGKILL')
    assert.equal(await ended, 'SIGKILL')
    await assertAllOpen(open)
    seen.add(await open().keyInUse())
  }
  assert.equal(seen.size, kills + 1, 'each process had changed over')
})
