import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteEventLog } from '../../adapters/sqlite/event-log.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { AUTONOMY_DEFAULTS } from '../settings.ts'
import { anomalyIndex } from './anomaly-index.ts'
import { windowsBefore } from './windows.ts'

const DAY = 24

function openLog(t: TestContext): EventLog {
  const dir = mkdtempSync(join(tmpdir(), 'windows-'))
  const log = openSqliteEventLog({ dir, clock: { now: () => 0 }, projections: [anomalyIndex] })
  t.after(async () => {
    await log.close()
    rmSync(dir, { recursive: true })
  })
  return log
}

async function act(log: EventLog, hour: number): Promise<void> {
  const body = { answer: 'allow', counted: { agent: 'letters', hour } }
  const events = [{ kind: 'policy.decided', actor: 'test', label: SYSTEM, body }]
  await log.append([{ stream: 'run/1', expectedVersion: 'any', events }])
}

test('the hours of a day are one window, in whichever of them something happened', async (t) => {
  const log = openLog(t)
  for (const hour of [0, 5, 23, DAY + 8, DAY + 9, 3 * DAY + 12]) await act(log, hour)
  const told = (number: number, history: number) =>
    windowsBefore(log.tables, 'letters', number, { ...AUTONOMY_DEFAULTS.anomalies, history }).map((row) => [
      row.number,
      row.effects,
    ])
  assert.deepEqual(told(3, 30), [
    [1, 2],
    [0, 3],
  ])
  assert.deepEqual(told(4, 2), [
    [3, 1],
    [1, 2],
  ])
})
