/** A log that has grown for years: many runs of five steps, written by the log itself, but without a sync for each commit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteEventLog } from '../src/adapters/sqlite/event-log.ts'
import { LOG_FILE } from '../src/adapters/sqlite/place.ts'
import type { NewEvent } from '../src/kernel/event.ts'
import type { JsonObject } from '../src/kernel/json.ts'
import { SYSTEM } from '../src/kernel/label.ts'
import { budgetIndex } from '../src/policy/budget-index.ts'
import { RUNTIME_PROJECTIONS } from '../src/runtime/projections.ts'

const STEPS = 5
const RUNS_AT_ONCE = 1_000
const RESULT = 'r'.repeat(97)

export interface GrownLog {
  readonly dir: string
  dispose(): void
}

export async function growLog(events: number): Promise<GrownLog> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const database = new DatabaseSync(join(dir, LOG_FILE))
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -64000')
  const projections = [...RUNTIME_PROJECTIONS, budgetIndex]
  const log = openSqliteEventLog({ database, clock: { now: () => Date.now() }, projections })
  for (let run = 1; log.head().position < events; ) {
    const appends: Promise<unknown>[] = []
    for (let i = 0; i < RUNS_AT_ONCE; i += 1, run += 1) {
      appends.push(log.append([{ stream: `run/old-${run}`, expectedVersion: 0, events: eventsOfRun() }]))
    }
    await Promise.all(appends)
  }
  await log.close()
  database.close()
  return { dir, dispose: () => rmSync(dir, { recursive: true, force: true }) }
}

function eventsOfRun(): NewEvent[] {
  const start = { workflow: 'steps', version: 1, input: { steps: STEPS }, seed: '0123456789abcdef' }
  const steps = Array.from({ length: STEPS }, (_, i) =>
    eventOf('step.completed', { name: `step ${i + 1}`, result: RESULT, attempts: 1, code: 'code:902f7766' }),
  )
  return [
    eventOf('run.started', { ...start, customer: null, parent: null }),
    ...steps,
    eventOf('run.completed', { output: { last: RESULT } }),
  ]
}

function eventOf(kind: string, body: JsonObject): NewEvent {
  return { kind, actor: 'workflow:steps', label: SYSTEM, body }
}
