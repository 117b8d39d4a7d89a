/** Ten thousand messages at once: all of them taken in, each once, in bounded memory. MESSAGES sets how many. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { it } from 'node:test'
import { folder, json, outcomeOf } from '../testing/cli.ts'
import { writeMbox } from '../testing/generate-mbox.ts'

const MESSAGES = Number(process.env.MESSAGES ?? 10_000)
const MOST_MB = 300
const MEASURED = join(import.meta.dirname, '..', 'testing', 'measured-cli.ts')

it(`takes in ${MESSAGES} messages in less than ${MOST_MB} MB`, async (t) => {
  const dir = join(folder(), 'workspace')
  const mbox = join(folder(), 'many.mbox')
  await writeMbox(mbox, { count: MESSAGES, seed: 1 })
  await json(['init', '--yes', '--name', 'Owner', '--address', 'owner@studio.example', '--dir', dir])
  const args = [MEASURED, 'ingest', mbox, '--json', '--quiet', '--dir', dir]
  const { code, stdout, stderr } = await outcomeOf(spawn(process.execPath, args))
  assert.equal(code, 0, stderr)
  const taken = JSON.parse(stdout)
  const { mostMb, seconds } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '')
  t.diagnostic(`${mostMb.toFixed(0)} MB at most, ${(MESSAGES / seconds).toFixed(0)} messages a second`)
  assert.equal(taken.messages, MESSAGES)
  assert.equal(taken.new, taken.leads + taken.closed)
  assert.deepEqual([taken.skipped, taken.stuck], [0, 0])
  assert.ok(mostMb < MOST_MB, `${mostMb} MB`)
  const again = await json(['ingest', mbox, '--dir', dir])
  assert.deepEqual([again.new, again.duplicate], [0, MESSAGES])
  await json(['log', 'verify', '--dir', dir])
  assert.deepEqual((await json(['log', 'rebuild', '--check', '--dir', dir])).differing, [])
})
