/** A run that ends the process each time it is taken up is set aside, and only that one. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROCESS = fileURLToPath(new URL('./testing/poison-process.ts', import.meta.url))

async function opening(dir: string, how: string): Promise<{ signal: string | null; printed: string[] }> {
  const child = spawn(process.execPath, [PROCESS, dir, how], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_, by) => resolve(by)))
  return { signal, printed: printed.trim().split('\n') }
}

test('a run that ends the process in a step', async (t: TestContext) => {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-poison-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  let deaths = 0
  let last = await opening(dir, 'step')
  for (; last.signal === 'SIGKILL' && deaths < 20; deaths += 1) last = await opening(dir, 'step')
  // Once when it began, then as often as it was taken up.
  assert.equal(deaths, 4)
  assert.deepEqual(last.printed, [
    '1 run of poison failed and waits for your word: `holdfast dead-letters`',
    'poison failed, patient completed',
  ])
  const mended = await opening(dir, 'mended')
  assert.deepEqual(mended.printed, ['poison RUN_CUT_OFF', 'poison completed, patient completed'])
})
