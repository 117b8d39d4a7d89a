import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createRedactor } from '../../policy/redactor.ts'
import { CONFIG_FILE, loadConfig } from './config.ts'
import { learnSecrets, secretOrHandle } from './secret-sources.ts'

async function workspace(t: TestContext, project: string, env: Record<string, string> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'secrets-'))
  t.after(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, CONFIG_FILE), project)
  await writeFile(join(dir, 'secret.txt'), 'canary-in-file\n')
  await writeFile(join(dir, 'handle.txt'), 'vault:of-file\n')
  const loaded = await loadConfig({ dir, env, userConfigPath: join(dir, 'none') })
  return {
    dir,
    env,
    loaded,
    settings: loaded.settings,
    at: (line: number) => `${join(dir, CONFIG_FILE)}:${line}`,
  }
}

test('secrets are told to be set and where, never what they are', async (t) => {
  const env = { OPENAI_API_KEY: 'canary-key', ANTHROPIC_API_KEY_FILE: '/run/secrets/anthropic' }
  const place = await workspace(t, 'smtp:\n  passwordFile: secret.txt\n', env)
  assert.deepEqual(place.loaded.secrets, {
    OPENAI_API_KEY: { set: true, where: 'OPENAI_API_KEY', handle: null },
    ANTHROPIC_API_KEY: { set: true, where: 'ANTHROPIC_API_KEY_FILE', handle: null },
    HOLDFAST_SMTP_PASSWORD: { set: true, where: place.at(2), handle: null },
  })
  assert.doesNotMatch(JSON.stringify(place.loaded), /canary/)
  assert.equal(await secretOrHandle('HOLDFAST_SMTP_PASSWORD', place), 'canary-in-file')
})

test('the first that is set: variable, its file, the handle of the setting, the file of the setting', async (t) => {
  const project =
    'smtp:\n  password: vault:smtp\n  passwordFile: secret.txt\nmodels: { keys: { openai: vault:key } }\n'
  const cases: [Record<string, string>, string | null, string][] = [
    [{}, 'vault:smtp', 'the setting'],
    [{ HOLDFAST_SMTP_PASSWORD_FILE: 'secret.txt' }, 'canary-in-file', 'a file named by a variable'],
    [{ HOLDFAST_SMTP_PASSWORD_FILE: 'handle.txt' }, 'vault:of-file', 'with a handle in it'],
    [{ HOLDFAST_SMTP_PASSWORD: 'direct', HOLDFAST_SMTP_PASSWORD_FILE: 'secret.txt' }, 'direct', 'a variable'],
    [{ HOLDFAST_SMTP_PASSWORD: 'vault:other' }, 'vault:other', 'with a handle in it'],
  ]
  for (const [env, expected, what] of cases) {
    assert.equal(
      await secretOrHandle('HOLDFAST_SMTP_PASSWORD', await workspace(t, project, env)),
      expected,
      what,
    )
  }
  const place = await workspace(t, project, { HOLDFAST_SMTP_PASSWORD: 'vault:other' })
  assert.equal(await secretOrHandle('OPENAI_API_KEY', place), 'vault:key')
  assert.deepEqual(place.loaded.secrets.HOLDFAST_SMTP_PASSWORD, {
    set: true,
    where: 'HOLDFAST_SMTP_PASSWORD',
    handle: 'vault:other',
  })
  assert.deepEqual(place.loaded.secrets.OPENAI_API_KEY, {
    set: true,
    where: place.at(4),
    handle: 'vault:key',
  })
  assert.equal(await secretOrHandle('ANTHROPIC_API_KEY', place), null)
  const file = await workspace(t, project, { OPENAI_API_KEY_FILE: join(place.dir, 'handle.txt') })
  assert.equal(await secretOrHandle('OPENAI_API_KEY', file), 'vault:of-file')
})

test('a file that is missing is an error', async (t) => {
  const place = await workspace(t, 'smtp:\n  passwordFile: missing.txt\n')
  await assert.rejects(secretOrHandle('HOLDFAST_SMTP_PASSWORD', place), {
    code: 'CONFIG_INVALID',
    message: /missing\.txt.*smtp\.passwordFile/,
  })
})

test('the redactor knows what variables and files hold, and takes a handle for none', async (t) => {
  const env = {
    OPENAI_API_KEY: 'canary-openai',
    ANTHROPIC_API_KEY: 'vault:anthropic',
    HOLDFAST_VAULT_KEY: 'canary-master',
  }
  const place = await workspace(t, 'smtp:\n  passwordFile: secret.txt\n', env)
  const redactor = createRedactor()
  await learnSecrets(redactor, place)
  assert.equal(
    redactor.text('canary-openai canary-in-file canary-master vault:anthropic'),
    '[OPENAI_API_KEY] [HOLDFAST_SMTP_PASSWORD] [HOLDFAST_VAULT_KEY] vault:anthropic',
  )
})
