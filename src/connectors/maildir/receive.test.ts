import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { receiveFrom } from './receive.ts'
import { attempt, filesIn, temporaryFolder } from './testing/mail.ts'

test('it tells what waits, and leaves it there', async (t) => {
  const dir = temporaryFolder(t)
  mkdirSync(join(dir, 'new'))
  writeFileSync(join(dir, 'new', '1700000000.a.host:2,'), 'x')
  const receive = receiveFrom(dir)
  assert.equal(receive.manifest.effect, 'read')
  assert.deepEqual(await receive.perform({}, attempt('key')), { refs: ['1700000000.a.host'] })
  assert.equal(filesIn(dir, 'new').length, 1)
})
