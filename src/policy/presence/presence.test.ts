/** What is a sign of the operator, and since when there was none. In whole runs: guardrails/in-runs.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../../kernel/event.ts'
import { memoryTables } from '../../ports/testing/memory-tables.ts'
import { settings } from '../testing/requests.ts'
import { awaySince, presenceIndex, seenLast } from './presence.ts'

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
})

test('away is who gave no sign for longer than the policy allows', () => {
  const policy = settings({ more: { absence: { afterMs: 10 } } })
  assert.equal(awaySince(policy, 100, 110), null)
  assert.equal(awaySince(policy, 100, 111), 100)
  assert.equal(awaySince(policy, null, 0), 0)
  assert.equal(awaySince(settings({}), 100, 1e12), null)
})
