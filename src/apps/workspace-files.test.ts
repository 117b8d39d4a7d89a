import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadPlaybook } from '../templates/lead-qualification/playbook.ts'
import { loadConfig } from './config/config.ts'
import { createWorkspace, isWorkspace, PLAYBOOK_FILE } from './workspace-files.ts'

async function emptyDir(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'files-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'workspace')
}

async function business(dir: string) {
  const file = join(dir, PLAYBOOK_FILE)
  return loadPlaybook(await readFile(file, 'utf8'), file).business
}

test('a new workspace is the owner’s: the configuration, and the names under the replies', async (t) => {
  const dir = await emptyDir(t)
  const names = { name: 'Ada: "Ek" #1', business: 'Ek & Söhne: "web"' }
  const written = await createWorkspace(dir, { ...names, addresses: ['ada@ek.example'], region: 'SE' })
  assert.deepEqual(written, [PLAYBOOK_FILE, 'policy.yaml', 'autonomy.yaml', 'flags.yaml', 'holdfast.yaml'])
  const { config } = await loadConfig({ dir, env: {}, userConfigPath: '/nowhere' })
  assert.deepEqual(config.owner, { ...names, addresses: ['ada@ek.example'], region: 'SE' })
  const { name, owner, language, signature } = await business(dir)
  assert.deepEqual([name, owner, language], [names.business, names.name, 'en'])
  assert.equal(signature.trim(), `${names.name}\n${names.business}`)
  assert.equal((await stat(dir)).mode & 0o777, 0o700)
})

test('without a business the owner signs alone; a name of several lines can not break out of its place', async (t) => {
  const dir = await emptyDir(t)
  await createWorkspace(dir, { name: 'Ada\nversion: 9' })
  const { name, signature } = await business(dir)
  assert.equal(name, 'Ada\nversion: 9')
  assert.equal(signature.trim(), 'Ada version: 9')
})

test('what is there already stays, also where a first try was cut off', async (t) => {
  const dir = await emptyDir(t)
  await createWorkspace(dir, {})
  await writeFile(join(dir, 'policy.yaml'), 'mine')
  await rm(join(dir, 'holdfast.yaml'))
  assert.equal(isWorkspace(dir), false, 'it was never finished')
  assert.deepEqual(await createWorkspace(dir, {}), ['holdfast.yaml'])
  assert.equal(await readFile(join(dir, 'policy.yaml'), 'utf8'), 'mine')
  assert.equal(isWorkspace(dir), true)
})
