/**
 * What the log alone takes of a step: the events that `steps-concurrent` leaves, hashed into the chain and found by
 * their streams, with no projection beside them and no run behind them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteEventLog } from '../src/adapters/sqlite/event-log.ts'
import { systemClock } from '../src/adapters/system/clock.ts'
import { SYSTEM } from '../src/kernel/label.ts'

/** Events a second, in commits of one event each of `streams` streams. */
export async function loggedEventsPerSecond(events: number, streams: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const log = openSqliteEventLog({ dir, clock: systemClock() })
  try {
    const began = performance.now()
    for (let done = 0; done < events; done += streams) {
      const version = done / streams
      const appends = Array.from({ length: streams }, (_, i) =>
        log.append([
          {
            stream: `run/run-${process.pid}-${i}`,
            expectedVersion: version,
            events: [completed(version, i)],
          },
        ]),
      )
      await Promise.all(appends)
    }
    return (events / (performance.now() - began)) * 1000
  } finally {
    await log.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

function completed(version: number, i: number) {
  const body = {
    name: `step ${version}`,
    result: `${'r'.repeat(96)}${i}`,
    attempts: 1,
    code: 'a1b2c3d4e5f60718',
  }
  return { kind: 'step.completed', actor: 'workflow:steps', label: SYSTEM, body }
}
