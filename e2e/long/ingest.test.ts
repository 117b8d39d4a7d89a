/** Ten thousand mails through `holdfast ingest`, in bounded memory. MAILS sets another number. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createWorkspace, openWorkspace } from '../../src/apps/workspace.ts'
import { writeMbox } from '../testing/generate-mbox.ts'

const MAILS = Number(process.env.MAILS ?? 10_000)
const LIMIT_MB = 300
const MAIN = fileURLToPath(new URL('../../src/apps/cli/main.ts', import.meta.url))
const POLL_MS = 100

it(`takes in ${MAILS} mails without growing past ${LIMIT_MB} MB`, { skip: noProc() }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-ingest-'))
  try {
    await createWorkspace(dir, { addresses: ['mara@lindqvist.studio'] })
    const mbox = join(dir, 'mails.mbox')
    await writeMbox(mbox, { count: MAILS, seed: 1 })
    const began = performance.now()
    const { peakMb, output } = await measured(['ingest', mbox, '--dir', dir, '--json'])
    const seconds = (performance.now() - began) / 1000
    t.diagnostic(`peak ${Math.round(peakMb)} MB, ${Math.round(MAILS / seconds)} mails/s`)
    assert.ok(peakMb < LIMIT_MB, `the process grew to ${Math.round(peakMb)} MB`)
    const told = JSON.parse(output)
    assert.equal(told.new + told.duplicate, MAILS)
    assert.equal(told.skipped, 0)
    await checkAllThere(dir, told.new)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

/** What the process said, and the high-water mark of its memory as the system keeps it. */
async function measured(words: readonly string[]): Promise<{ peakMb: number; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  let peakKb = 0
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const poll = setInterval(() => {
    peakKb = Math.max(peakKb, highWaterKb(child.pid ?? 0))
  }, POLL_MS)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(poll)
  assert.equal(code, 0)
  assert.ok(peakKb > 0, 'the memory was read')
  return { peakMb: peakKb / 1024, output }
}

function highWaterKb(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function noProc(): string | false {
  return process.platform === 'linux' ? false : 'reads the memory of a process from /proc'
}

async function checkAllThere(dir: string, messages: number): Promise<void> {
  const workspace = await openWorkspace({ dir, env: {} })
  try {
    const count = (table: string): number =>
      workspace.log.tables.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0
    assert.equal(count('mail_messages'), messages)
    assert.equal(count('runs'), messages)
    workspace.log.verify()
  } finally {
    await workspace.close()
  }
}
