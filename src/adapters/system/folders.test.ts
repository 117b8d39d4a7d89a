import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolders } from './folders.ts'

test('folders are made with those above them, for their owner only; what is there stays', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'folders-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const deep = join(dir, 'a/b/c')
  makeFolders(deep)
  makeFolders(deep)
  for (const path of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(dir, path)).mode & 0o777, 0o700, path)
  writeFileSync(join(dir, 'file'), '')
  assert.throws(() => makeFolders(join(dir, 'file')), { code: 'EEXIST' })
  assert.throws(() => makeFolders(join(dir, 'file/x/y')), { code: 'ENOTDIR' })
  symlinkSync(join(dir, 'nowhere'), join(dir, 'link'))
  assert.throws(() => makeFolders(join(dir, 'link/x')), { code: 'ENOENT' })
})

test('where nothing can be made, that is said, and does not take for ever', {
  skip: process.platform !== 'linux',
}, () => {
  const module = new URL('folders.ts', import.meta.url).href
  const code = `import { makeFolders } from '${module}'; makeFolders('/proc/holdfast/x')`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    timeout: 20_000,
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(stderr, /ENOENT/)
})
