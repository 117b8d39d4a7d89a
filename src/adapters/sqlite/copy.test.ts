import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '../system/clock.ts'
import { copyDatabase } from './copy.ts'
import { openDatabase } from './database.ts'
import { openSqliteEventLog } from './event-log.ts'

/** Long enough for the thread that copies to ask for its first pages. */
const IN_THE_WAY_MS = 50

test('a copy that is begun in the middle of a transaction is made after it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-copy-'))
  const database = openDatabase(join(dir, 'source.db'))
  const log = openSqliteEventLog({ database, clock: systemClock() })
  t.after(async () => {
    await log.close()
    database.close()
    rmSync(dir, { recursive: true, force: true })
  })
  database.exec('CREATE TABLE kept (n INTEGER)')
  const file = join(dir, 'copy.db')
  database.exec('BEGIN IMMEDIATE; INSERT INTO kept VALUES (1)')
  const copying = copyDatabase(database, file)
  for (const until = Date.now() + IN_THE_WAY_MS; Date.now() < until; );
  database.exec('COMMIT')
  await copying
  const copy = new DatabaseSync(file)
  assert.deepEqual({ ...copy.prepare('SELECT n FROM kept').get() }, { n: 1 })
  copy.close()
})
