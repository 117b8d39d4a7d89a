import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { watchFiles } from './watched-files.ts'

/** Two files that are there and one that is not, and what was told of each; looks are made by `look`. */
function watched(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-watched-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const path = (name: string) => join(dir, name)
  for (const name of ['a', 'b']) writeFileSync(path(name), 'one')
  const told: string[] = []
  const names = ['a', 'b', 'c']
  const end = watchFiles(Object.fromEntries(names.map((name) => [path(name), () => told.push(name)])))
  return { path, told, end, look: () => t.mock.timers.tick(10_000) }
}

test('each change of a file is told once, and of no other file', (t) => {
  const { path, told, look } = watched(t)
  look()
  assert.deepEqual(told, [])
  writeFileSync(path('a'), 'another')
  look()
  assert.deepEqual(told, ['a'])
})

test('a file that is replaced by one of the same length, made or removed is told', (t) => {
  const { path, told, look } = watched(t)
  writeFileSync(path('new'), 'two')
  renameSync(path('new'), path('b'))
  writeFileSync(path('c'), 'three')
  look()
  assert.deepEqual(told, ['b', 'c'])
  rmSync(path('c'))
  look()
  assert.deepEqual(told, ['b', 'c', 'c'])
})

test('nothing is told any more once it has ended', (t) => {
  const { path, told, end, look } = watched(t)
  end()
  writeFileSync(path('a'), 'another')
  look()
  assert.deepEqual(told, [])
})
