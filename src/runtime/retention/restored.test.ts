/** Effects of a restored log: what may have been done since the backup is asked for, not done again. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { openPlace, type Place } from '../../apps/testing/place.ts'
import { type Context, defineWorkflow, type Workflow } from '../../kernel/workflow.ts'
import { type BackupManifest, backup, openHoldfast, restore } from '../../sdk.ts'
import type { Holdfast } from '../holdfast.ts'
import { verifyRun } from '../replay/replay.ts'
import { Outside, type OutsideOptions } from '../testing/outside.ts'

const LETTER = { to: 'ada@example.com' }

function flow(run: (ctx: Context) => Promise<unknown>): Workflow {
  return defineWorkflow({ name: 'letter', version: 1, input: z.any(), output: z.any(), run })
}

const atOnce = flow((ctx) => ctx.act('send', 'post.send', LETTER))
const onDemand = flow(async (ctx) => {
  await ctx.waitFor('go')
  return await ctx.act('send', 'post.send', LETTER)
})

interface Told {
  readonly place: Place
  readonly outside: Outside
  backUp(): Promise<BackupManifest>
  /** Another life of the workspace, from the backup; the outside is the same. */
  restored(): Promise<Holdfast>
}

async function telling(t: TestContext, workflow: Workflow, options: OutsideOptions = {}): Promise<Told> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-backup-'))
  const opened: Holdfast[] = []
  t.after(async () => {
    for (const hf of opened) {
      hf.log.verify()
      assert.deepEqual(hf.log.rebuild({ replace: false }).differing, [])
      assert.notEqual((await verifyRun(hf.log, hf.runtime.workflows, 'r')).verdict, 'diverged')
      await hf.close()
    }
    rmSync(folder, { recursive: true })
  })
  const outside = new Outside(options)
  const given = { workflows: [workflow], connectors: [outside.connector] }
  const place = await openPlace(t, given)
  return {
    place,
    outside,
    backUp: () => backup(place.hf, join(folder, 'backup')),
    async restored() {
      const dir = join(folder, String(opened.length))
      await restore(join(folder, 'backup'), dir, { clock: place.clock })
      const hf = await openHoldfast({ dir, clock: place.clock, ...given })
      opened.push(hf)
      await hf.idle()
      return hf
    },
  }
}

function kinds(hf: Holdfast): string[] {
  return hf.log.readStream('run/r').map(({ kind }) => kind)
}

test('an effect that was under way at the backup, and done after it, is looked up and not done again', async (t) => {
  const at: { told?: Told; made?: number } = {}
  const told = await telling(t, atOnce, {
    onPerform: async () => {
      if (at.told === undefined || at.made !== undefined) return
      const { checkpoint } = await at.told.backUp()
      at.made = checkpoint.position
    },
  })
  at.told = told
  await told.place.hf.start(atOnce, null, { id: 'r' })
  assert.deepEqual(await told.place.outcome('r'), { receipt: 1 })
  assert.ok(at.made !== undefined && told.place.kinds('r').at(-1) === 'run.completed')
  const hf = await told.restored()
  assert.deepEqual(await hf.run('r').result(), { receipt: 1 })
  assert.deepEqual([told.outside.done.length, told.outside.lookups], [1, 1])
  assert.deepEqual(kinds(hf).slice(-4), [
    'effect.unknown',
    'policy.decided',
    'effect.succeeded',
    'run.completed',
  ])
})

test('an effect that was begun and done after the backup is looked up too', async (t) => {
  const told = await telling(t, onDemand)
  await told.place.hf.start(onDemand, null, { id: 'r' })
  await told.place.hf.idle()
  await told.backUp()
  await told.place.hf.emit({ kind: 'go' })
  await told.place.outcome('r')
  const hf = await told.restored()
  assert.equal(hf.run('r').status(), 'waiting')
  await hf.emit({ kind: 'go' })
  assert.deepEqual(await hf.run('r').result(), { receipt: 1 })
  assert.deepEqual([told.outside.done.length, told.outside.lookups], [1, 1])
})

test('what surely was not done since is done, and from then on trusted', async (t) => {
  const told = await telling(t, onDemand)
  await told.place.hf.start(onDemand, null, { id: 'r' })
  await told.place.hf.idle()
  await told.backUp()
  const hf = await told.restored()
  told.outside.manners.push('unavailable')
  await hf.emit({ kind: 'go' })
  await hf.idle()
  while (hf.run('r').status() !== 'completed' && told.place.clock.next()) await hf.idle()
  assert.deepEqual(await hf.run('r').result(), { receipt: 1 })
  assert.deepEqual([told.outside.done.length, told.outside.lookups], [1, 1])
  await hf.start(onDemand, null, { id: 'later' })
  await hf.emit({ kind: 'go' })
  await hf.run('later').result()
  assert.equal(told.outside.lookups, 1, 'a run that began after the restore is no older than its log')
})

test('a lookup that only reads the workspace proves nothing by finding nothing: the operator is asked', async (t) => {
  const told = await telling(t, onDemand, { manifest: { witness: 'workspace', idempotency: 'key' } })
  await told.place.hf.start(onDemand, null, { id: 'r' })
  await told.place.hf.idle()
  await told.backUp()
  const hf = await told.restored()
  await hf.emit({ kind: 'go' })
  await hf.idle()
  const [review] = hf.reviews()
  assert.equal(review?.action, 'settle-unknown')
  assert.match(review?.reason ?? '', /restored from a backup of 2026-/)
  assert.equal(told.outside.done.length, 0)
  await hf.answer(review?.id ?? '', { verdict: 'rejected' })
  assert.deepEqual(await hf.run('r').result(), { receipt: 1 })
  assert.equal(told.outside.done.length, 1)
})
