import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { asTyped, programName, quoted } from './program-name.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'holdfast')

test('what is shown can be typed: the launcher as it is reached from here, or by its name', (t) => {
  assert.equal(programName({ PATH: '' }).command('inbox'), 'bin/holdfast inbox')
  const folder = mkdtempSync(join(tmpdir(), 'program-name-'))
  t.after(() => rmSync(folder, { recursive: true }))
  symlinkSync(LAUNCHER, join(folder, 'holdfast'))
  assert.equal(programName({ PATH: `/nowhere:${folder}` }).command('inbox'), 'holdfast inbox')
})

test('--dir is repeated where it is needed to mean the same workspace', () => {
  const typed = (dir?: string, env = {}) => programName({ PATH: '', ...env }, dir).command('inbox')
  assert.equal(typed('workspace'), 'bin/holdfast inbox')
  assert.equal(typed('./my studio'), "bin/holdfast inbox --dir './my studio'")
  assert.equal(typed(undefined, { HOLDFAST_DIR: 'x' }), 'bin/holdfast inbox')
  assert.equal(typed('x', { HOLDFAST_DIR: 'x' }), 'bin/holdfast inbox')
  assert.equal(typed('workspace', { HOLDFAST_DIR: 'x' }), 'bin/holdfast inbox --dir workspace')
})

test('commands in a fix are given as they are typed here', () => {
  const command = (words: string) => `bin/holdfast ${words} --dir w`
  assert.equal(asTyped('See `holdfast runs`.', command), 'See `bin/holdfast runs --dir w`.')
  assert.equal(asTyped('Create `holdfast init --dir DIR`.', command), 'Create `bin/holdfast init --dir w`.')
  assert.equal(asTyped('Use `ctx.act`.', command), 'Use `ctx.act`.')
})

test('words are quoted for a shell when they need it', () => {
  assert.deepEqual(['a/b-c.d', 'a b', "it's", '$x', ''].map(quoted), [
    'a/b-c.d',
    "'a b'",
    "'it'\\''s'",
    "'$x'",
    "''",
  ])
})
