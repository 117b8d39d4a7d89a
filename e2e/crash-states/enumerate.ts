/** Every state that a crash may leave the recorded files in, opened with the real log and looked at. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteEventLog } from '../../src/adapters/sqlite/event-log.ts'
import { SYSTEM } from '../../src/kernel/label.ts'
import { Disk, type Files } from './disk.ts'
import { fractionsFrom } from './fraction.ts'
import type { FileOperation } from './recording.ts'
import { tally } from './tally.ts'

export type Manner = 'kill' | 'torn' | 'power'

export interface EnumerateOptions {
  /** How often each manner is tried at a boundary. */
  readonly times: Readonly<Record<Manner, number>>
  /** Every n-th boundary, 1 for all. */
  readonly every: number
  readonly seed: number
}

export interface Enumerated {
  readonly boundaries: number
  readonly states: Readonly<Record<Manner, number>>
  readonly failures: readonly {
    readonly manner: Manner
    readonly boundary: number
    readonly acknowledged: number
    readonly why: string
  }[]
}

export async function enumerate(
  operations: readonly FileOperation[],
  { times, every, seed }: EnumerateOptions,
): Promise<Enumerated> {
  const random = fractionsFrom(seed)
  const disk = new Disk()
  const states = { kill: 0, torn: 0, power: 0 }
  const failures: Enumerated['failures'][number][] = []
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-crash-'))
  let acknowledged = 0
  const look = async (manner: Manner, boundary: number, files: Files): Promise<void> => {
    states[manner] += 1
    const why = await whatIsWrong(join(folder, 'log'), files, acknowledged)
    if (why !== null) failures.push({ manner, boundary, acknowledged, why })
  }
  try {
    for (const [boundary, operation] of operations.entries()) {
      if (boundary % every === 0) {
        for (let n = 0; n < times.torn; n += 1)
          await look('torn', boundary, disk.afterTorn(operation, random))
      }
      disk.do(operation)
      if (operation.what === 'acknowledge') acknowledged = operation.position
      if (boundary % every !== 0) continue
      for (let n = 0; n < times.kill; n += 1) await look('kill', boundary, disk.afterKill())
      for (let n = 0; n < times.power; n += 1) await look('power', boundary, disk.afterPowerLoss(random))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return { boundaries: operations.length, states, failures }
}

/** null when it opens, is whole, holds what was acknowledged, and can be gone on with. */
async function whatIsWrong(dir: string, files: Files, acknowledged: number): Promise<string | null> {
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir)
  for (const [name, bytes] of files) writeFileSync(join(dir, name), bytes)
  try {
    const log = openSqliteEventLog({ dir, clock: { now: () => 0 }, projections: [tally] })
    try {
      const { events } = log.verify()
      if (events < acknowledged) return `${acknowledged} were acknowledged, ${events} are there`
      const { differing } = log.rebuild({ replace: false })
      if (differing.length > 0) return `${differing.join(', ')} differ from the log`
      const next = [{ kind: 'thing.happened', actor: 'test', label: SYSTEM, body: {} }]
      await log.append([{ stream: 'after', expectedVersion: 0, events: next }])
      return null
    } finally {
      await log.close()
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
