/** What is a sign of the operator, and since when there was none. In whole runs: guardrails/in-runs.test.ts. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import { memoryTables } from '../../ports/testing/memory-tables.ts'
import { settings } from '../testing/requests.ts'
import { awaySince, noteSeen, presenceIndex, seenLast } from './presence.ts'

test('only what the operator did is a sign, also once its body was erased', () => {
  const { tables, apply } = memoryTables([presenceIndex])
  const happened = (kind: string, actor: string, time: number): number | null => {
    apply({ kind, actor, time, body: null } as StoredEvent)
    return seenLast(tables)
  }
  assert.equal(seenLast(tables), null)
  assert.equal(happened('review.answered', 'rule:d-1', 1), null, 'a delegation')
  assert.equal(happened('review.answered', 'runtime', 2), null, 'a deadline')
  assert.equal(happened('review.answered', 'autonomy', 3), null)
  assert.equal(happened('review.answered', 'operator', 4), 4)
  assert.equal(happened('grant.given', 'operator', 6), 6)
  assert.equal(happened('operator.seen', 'operator', 5), 6, 'the last one counts')
  const signs = ['operator.seen', 'grant.revoked', 'policy.adopted', 'work.stopped', 'work.resumed']
  for (const [i, kind] of signs.entries()) assert.equal(happened(kind, 'operator', 10 + i), 10 + i, kind)
  assert.equal(happened('run.started', 'operator', 20), 14)
})

test('signs are put on record sparsely, and often enough that nobody who is there counts as away', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'presence-'))
  let now = 0
  const log = openSqliteEventLog({ dir, clock: { now: () => now }, projections: [presenceIndex] })
  t.after(async () => {
    await log.close()
    rmSync(dir, { recursive: true })
  })
  const minutes = 60_000
  const policy = settings({ more: { absence: { afterMs: 4 * minutes } } })
  const seenAt = async (minute: number) => {
    now = minute * minutes
    const { awaySince: away } = await noteSeen(log, policy, { way: 'cli', now })
    return [away, (seenLast(log.tables) ?? 0) / minutes]
  }
  assert.deepEqual(await seenAt(10), [0, 10])
  assert.deepEqual(await seenAt(10.5), [null, 10], 'one in a quarter of the time is enough')
  assert.deepEqual(await seenAt(13), [null, 13])
  assert.deepEqual(await seenAt(20), [13 * minutes, 20])
})

test('away is who gave no sign for longer than the policy allows', () => {
  const policy = settings({ more: { absence: { afterMs: 10 } } })
  assert.equal(awaySince(policy, 100, 110), null)
  assert.equal(awaySince(policy, 100, 111), 100)
  assert.equal(awaySince(policy, null, 0), 0)
  assert.equal(awaySince(settings({}), 100, 1e12), null)
})
