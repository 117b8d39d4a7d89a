/** A process that stops itself at each crash point: the next one goes on, and the outside was touched once. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LOG_FILE } from '../src/adapters/sqlite/place.ts'
import { CRASH_POINTS } from '../src/ports/crash-points.ts'
import { openHoldfast } from '../src/sdk.ts'

const ORDER = fileURLToPath(new URL('./testing/order-process.ts', import.meta.url))
const OUTPUT = ['reserved', '3', 'approved', 'packed book', 'thanks']

/** Shared by the processes, so that they start in half the time. */
const cache = mkdtempSync(join(tmpdir(), 'holdfast-compiled-'))
after(() => rmSync(cache, { recursive: true, force: true }))

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-crash-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** What the process printed, or null when it stopped itself. */
async function orderProcess(dir: string, crashAt = ''): Promise<unknown> {
  const child = spawn(process.execPath, [ORDER, dir], {
    env: { ...process.env, HOLDFAST_CRASH_AT: crashAt, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...end) => resolve(end))
  })
  if (signal === 'SIGKILL') return null
  return code === 0 ? JSON.parse(output) : output.trim()
}

async function check(dir: string): Promise<string[]> {
  const charges = readFileSync(join(dir, 'ledger.txt'), 'utf8').trim().split('\n').sort()
  assert.deepEqual(readdirSync(dir).sort(), [LOG_FILE, 'ledger.txt'])
  const hf = await openHoldfast({ dir, workflows: [] })
  try {
    hf.log.verify()
    assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
    assert.equal(hf.log.versionOf('event/o-1/emit shipped'), 1)
    assert.equal(hf.log.versionOf('event/e-1'), 1)
    assert.equal(hf.run('o-1/pack').status(), 'completed')
    const events = hf.log.readStream('run/o-1')
    const intended = events.filter(({ kind }) => kind === 'effect.intended').map(({ body }) => body?.key)
    assert.equal(new Set(intended).size, 2)
    assert.deepEqual(charges, [...new Set(intended)].sort(), 'each charge was made once')
    return events.map(({ kind }) => kind)
  } finally {
    await hf.close()
  }
}

/** Which time each process reaches the point and stops; by default the first, and only one process does. */
const STOPS: Readonly<Record<string, readonly number[]>> = {
  'log.before-commit': [1, 3, 7],
  'log.after-commit': [1, 3, 5],
  'run.before-end': [1, 2],
  'run.after-end': [2],
}

describe('an order', { concurrency: 2 }, () => {
  for (const point of CRASH_POINTS.filter((one) => !one.startsWith('mail.'))) {
    test(`survives a stop at ${point}`, async (t) => {
      const dir = folder(t)
      for (const nth of STOPS[point] ?? [1]) {
        assert.equal(await orderProcess(dir, `${point}:${nth}`), null, 'the point was reached')
      }
      assert.deepEqual(await orderProcess(dir), OUTPUT)
      const kinds = await check(dir)
      assert.equal(kinds.at(-1), 'run.completed')
    })
  }

  test('a workspace has one writer: another process is refused until the first has closed it', async (t) => {
    const dir = folder(t)
    const hf = await openHoldfast({ dir, workflows: [] })
    assert.equal(await orderProcess(dir), 'WORKSPACE_LOCKED')
    await hf.close()
    assert.deepEqual(await orderProcess(dir), OUTPUT)
  })
})
