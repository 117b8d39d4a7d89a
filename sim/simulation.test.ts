/** That the simulation finds what it is for, and that a seed is the same each time. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { BUGS } from './bugs.ts'
import type { Planted } from './planted.ts'
import { simulate } from './simulation.ts'

test('a sample of seeds violates nothing', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    assert.equal((await simulate(seed)).violation?.message, undefined, `seed ${seed}`)
  }
})

test('the same seed leaves the same events, another seed others', async () => {
  const hashes = new Set<string>()
  for (const seed of [11, 12, 13]) {
    const [first, again] = [await simulate(seed), await simulate(seed)]
    assert.deepEqual(again, first)
    hashes.add(first.hash)
  }
  assert.equal(hashes.size, 3)
})

describe('planted bugs', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'planted.ts')])
  const planted = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Planted)
      .map(({ what, found }) => [what, found]),
  )
  for (const { what, noticed } of BUGS) {
    test(`finds out when ${what}`, (t) => {
      const found = planted.get(what)
      assert.ok(found !== undefined, 'nothing was noticed')
      t.diagnostic(`seed ${found.seed}: ${found.message}`)
      assert.ok(noticed.includes(found.invariant), `seed ${found.seed}: ${found.message}`)
    })
  }
})
