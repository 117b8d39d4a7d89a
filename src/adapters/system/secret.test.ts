import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSecret, secretVariable } from './secret.ts'

test('a secret comes from its variable, else from the file that its _FILE names, else not at all', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'secret-'))
  t.after(() => rm(dir, { recursive: true }))
  const file = join(dir, 'key')
  await writeFile(file, '  from-file\n')
  assert.equal(await readSecret({ KEY: ' direct ', KEY_FILE: file }, 'KEY'), 'direct')
  assert.equal(await readSecret({ KEY: '', KEY_FILE: file }, 'KEY'), 'from-file')
  assert.equal(await readSecret({ KEY: ' ' }, 'KEY'), null)
  assert.equal(secretVariable({ KEY_FILE: file }, 'KEY'), 'KEY_FILE')
})

test('a file that is missing or empty is an error that names it, not a missing key', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'secret-'))
  t.after(() => rm(dir, { recursive: true }))
  const missing = join(dir, 'missing')
  const empty = join(dir, 'empty')
  await writeFile(empty, '\n')
  for (const path of [missing, empty]) {
    await assert.rejects(readSecret({ KEY_FILE: path }, 'KEY'), (error: Error & { code: string }) => {
      assert.equal(error.code, 'CONFIG_INVALID')
      assert.ok(error.message.includes(path) && error.message.includes('KEY_FILE'), error.message)
      return true
    })
  }
})
