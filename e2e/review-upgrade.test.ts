/** A review that waits outlives its process and the code that asked: killed, upgraded, answered, done once. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { folder } from './testing/cli.ts'

const PROCESS = join(import.meta.dirname, 'testing', 'review-process.ts')

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  return spawn(process.execPath, [PROCESS, ...args], { env: { ...inherited, ...env } })
}

async function tellOf(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  const said = text(child.stdout as never)
  const [code] = await once(child, 'close')
  return { code, said: (await said).trim() }
}

/** A workspace with a review that waits, whose process was killed. */
async function killedWaiting(): Promise<{ dir: string; id: string; hash: string }> {
  const dir = folder()
  const child = start([dir, '1', 'ask'])
  const lines = createInterface({ input: child.stdout as never })
  const [line] = (await once(lines, 'line')) as [string]
  child.kill('SIGKILL')
  await once(child, 'close')
  const { id, hash, deadline } = JSON.parse(line) as { id: string; hash: string; deadline: number }
  assert.equal(typeof deadline, 'number')
  return { dir, id, hash }
}

function letters(dir: string): string[] {
  const ledger = join(dir, 'ledger.txt')
  return existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : []
}

describe('a waiting review', async () => {
  const waiting = await killedWaiting()

  for (const point of [
    'review.before-answer',
    'review.after-answer',
    'effect.after-intent',
    'effect.after-send',
  ]) {
    it(`is answered after kill -9 and upgrade, and again after a death at ${point}: sent once`, async () => {
      const dir = folder()
      cpSync(waiting.dir, dir, { recursive: true })
      const args = [dir, '2', 'answer', waiting.id, waiting.hash]
      const died = await tellOf(start(args, { HOLDFAST_CRASH_AT: point }))
      assert.notEqual(died.code, 0, died.said)
      const { code, said } = await tellOf(start(args))
      assert.deepEqual([code, said], [0, '"sent Hello: 100"'])
      assert.equal(letters(dir).length, 1)
      const stale = await tellOf(start([dir, '2', 'answer', waiting.id, '0'.repeat(64)]))
      assert.deepEqual(stale, { code: 0, said }, 'an answer is used once')
    })
  }

  it('refuses the answer to another proposal than was shown', async () => {
    const dir = folder()
    cpSync(waiting.dir, dir, { recursive: true })
    const stale = await tellOf(start([dir, '2', 'answer', waiting.id, '0'.repeat(64)]))
    assert.deepEqual([stale.code, stale.said], [1, 'REVIEW_STALE'])
    assert.deepEqual(letters(dir), [])
  })
})
