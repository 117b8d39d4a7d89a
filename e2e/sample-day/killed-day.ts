/** Runs a day in processes that are killed, until one of them gets to the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createWorkspace } from '../../src/apps/workspace.ts'
import { checkDay, type DayChecked } from './check.ts'

const SAMPLE = new URL('../../sample/mailbox/', import.meta.url)
const DAY = new URL('./day.ts', import.meta.url).pathname
const OWNER = { name: 'Mara Lindqvist', addresses: ['mara@lindqvist.studio'], business: 'Lindqvist Studio' }

export interface Stop {
  /** Milliseconds after its start at which the process is killed from outside. */
  readonly afterMs?: number
  /** `point:nth`: it kills itself there. */
  readonly at?: string
}

export interface KilledDay extends DayChecked {
  readonly kills: number
}

/**
 * One day in a workspace of its own.
 * @param nextStop how the next process is stopped; null lets it run.
 */
export async function killedDay(nextStop: (process: number) => Stop | null): Promise<KilledDay> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-day-'))
  try {
    await createWorkspace(dir, OWNER)
    // Weeks go by in seconds, and what waits for them falls due at once: that is unusual, and not what is looked at here.
    writeFileSync(join(dir, 'autonomy.yaml'), 'version: 1\nanomalies: { lower: null, quarantine: null }\n')
    const mails = deliverSample(dir)
    const said: string[][] = []
    let kills = 0
    for (let process = 0; ; process += 1) {
      const stop = nextStop(process)
      const ended = await runDay(dir, stop, said)
      if (ended === 'over') break
      kills += 1
    }
    return { ...(await checkDay(dir, said, mails)), kills }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** @returns the number of different messages. */
function deliverSample(dir: string): number {
  const inbox = join(dir, 'mail', 'Inbox')
  for (const folder of ['new', 'cur', 'tmp']) mkdirSync(join(inbox, folder), { recursive: true })
  const names = readdirSync(SAMPLE).filter((name) => name.endsWith('.eml'))
  for (const name of names) cpSync(new URL(name, SAMPLE), join(inbox, 'new', name))
  return names.length - DUPLICATES
}

/** Messages of the sample that are delivered twice. */
const DUPLICATES = 1

async function runDay(dir: string, stop: Stop | null, said: string[][]): Promise<'over' | 'killed'> {
  const env = { ...process.env, HOLDFAST_CRASH_AT: stop?.at ?? '' }
  const child = spawn(process.execPath, [DAY, dir], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (data) => {
    complaint += data
  })
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => said.push(JSON.parse(line)))
  const timer =
    stop?.afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), stop.afterMs)
  const { code, signal } = await exit(child)
  clearTimeout(timer)
  if (signal === 'SIGKILL') return 'killed'
  if (code === 0) return 'over'
  throw new Error(`the day's process ended with ${code ?? signal}:\n${complaint}`)
}

function exit(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })))
}
