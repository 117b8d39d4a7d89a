import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { vaultWithoutLog } from '../../adapters/vault/vault.ts'
import { loadConfig } from '../config/config.ts'
import { vaultRow } from './doctor-vault.ts'

async function subject(t: TestContext, data?: string) {
  const home = await mkdtemp(join(tmpdir(), 'doctor-vault-'))
  t.after(() => rm(home, { recursive: true }))
  const dir = join(home, 'workspace')
  const env: Record<string, string> = { XDG_DATA_HOME: data ?? join(home, 'data') }
  return { dir, env }
}

test('a vault whose secrets open under a key of its owner is fine; an empty one too', async (t) => {
  const place = await subject(t)
  assert.deepEqual(await vaultRow(place, { secrets: [] }, null), { ok: true, detail: 'no secrets', fix: '' })
  await (await vaultWithoutLog(place)).prepare()
  const secrets = ['a', 'b'].map((name) => ({ name, trouble: null }))
  assert.equal((await vaultRow(place, { secrets }, null)).detail, '2 secrets, all of them open')
})

test('an envelope that does not open, or whose key is missing, is told with what to do', async (t) => {
  const trouble = {
    code: 'VAULT_KEY_MISSING',
    message: 'The master key 12 is not in X',
    fix: 'Bring it back.',
  }
  const secrets = [
    { name: 'a', trouble: null },
    { name: 'b', trouble },
  ]
  assert.deepEqual(await vaultRow(await subject(t), { secrets }, null), {
    ok: false,
    detail: 'vault:b: The master key 12 is not in X',
    fix: 'Bring it back.',
  })
})

test('a webhook that has none of its secrets is told, one that has one of two is not', async (t) => {
  const { dir, env } = await subject(t)
  await mkdir(dir)
  const text = 'webhooks: { from: { shop: { secrets: ["vault:shop", "vault:shop-next"] } } }\n'
  await writeFile(join(dir, 'holdfast.yaml'), text)
  const loaded = await loadConfig({ dir, env, userConfigPath: join(dir, 'no') })
  const row = await vaultRow({ dir, env }, { secrets: [] }, loaded)
  assert.match(row.detail, /webhook shop takes nothing: the vault has none of vault:shop, vault:shop-next/)
  const secrets = [{ name: 'shop-next', trouble: null }]
  assert.equal((await vaultRow({ dir, env }, { secrets }, loaded)).ok, true)
})

test('a handle in the configuration that the vault does not have is told', async (t) => {
  const { dir, env } = await subject(t)
  const loaded = await loadConfig({
    dir,
    env: { ...env, OPENAI_API_KEY: 'vault:openai' },
    userConfigPath: join(dir, 'no'),
  })
  const secrets = [{ name: 'other', trouble: null }]
  const row = await vaultRow({ dir, env }, { secrets }, loaded)
  assert.equal(row.ok, false)
  assert.match(
    `${row.detail} ${row.fix}`,
    /vault:openai is named .* not in the vault.*`holdfast vault set openai`/,
  )
})

test('a master key that others can read, or that lies in the workspace, is told', async (t) => {
  const place = await subject(t)
  const { where } = await (await vaultWithoutLog(place)).prepare()
  await chmod(where, 0o640)
  const open = await vaultRow(place, { secrets: [] }, null)
  assert.deepEqual([open.ok, open.fix], [false, `chmod 600 ${where}`])
  const { dir } = await subject(t)
  const inside = { dir, env: { XDG_DATA_HOME: join(dir, 'data') } }
  await (await vaultWithoutLog(inside)).prepare()
  assert.equal((await vaultRow(inside, { secrets: [] }, null)).ok, 'warn')
})
