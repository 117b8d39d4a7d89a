/** How soon a workspace with many parked runs is ready again after SIGKILL, and what memory it takes then. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const CHILD = join(import.meta.dirname, 'parked-runs.ts')

export interface Recovery {
  /** Milliseconds from the opening until a run that waited has been woken and has ended. */
  readonly readyMs: number
  readonly rssMb: number
}

export interface ParkedRuns {
  /** Opens the workspace in a process of its own, which is killed again. */
  reopen(): Promise<Recovery>
  dispose(): void
}

/** Parks the runs, and kills the process that did. */
export async function parkRuns(count: number): Promise<ParkedRuns> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  await untilKilled('fill', dir, String(count))
  let opened = 0
  return {
    reopen: async () => {
      opened += 1
      return (await untilKilled('open', dir, String(opened))) as Recovery
    },
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** What the process says when it has come that far; then it gets SIGKILL. */
async function untilKilled(...args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    child.kill('SIGKILL')
    await closed
    return JSON.parse(line)
  }
  throw new Error(`${args[0]} ended without having come that far`)
}
