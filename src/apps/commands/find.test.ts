import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryTables } from '../../ports/testing/memory-tables.ts'
import { runIndex } from '../../runtime/run-index.ts'
import { findRun } from './find.ts'

function tablesWith(...ids: string[]) {
  const { tables } = memoryTables([runIndex])
  for (const [i, id] of ids.entries()) {
    tables.run(
      "INSERT INTO runs (id, workflow, version, status, started, updated, position) VALUES (?, 'w', 1, 'waiting', 0, 0, ?)",
      id,
      i,
    )
  }
  return tables
}

const LEADS = tablesWith('lead-m-0c1d22', 'lead-m-0c1d33', 'lead-m-9f', 'order-7', 'order-70')

test('a run is meant by its id, by a beginning that is clear, or by its message', () => {
  const found = ['lead-m-0c1d22', 'lead-m-0c1d3', ' lead-m-9 ', 'm-9f', 'order-7'].map((typed) =>
    findRun(LEADS, typed),
  )
  assert.deepEqual(found, ['lead-m-0c1d22', 'lead-m-0c1d33', 'lead-m-9f', 'lead-m-9f', 'order-7'])
})

test('a beginning that several have names them; what none has is not found', () => {
  assert.throws(() => findRun(LEADS, 'm-0c1d'), {
    code: 'RUN_NOT_FOUND',
    message: 'Several runs begin with "m-0c1d": lead-m-0c1d22, lead-m-0c1d33',
  })
  for (const typed of ['', 'lead-m-0c1d222', '%', 'ORDER-7']) {
    assert.throws(() => findRun(LEADS, typed), { code: 'RUN_NOT_FOUND', message: /no run/ }, typed)
  }
})
