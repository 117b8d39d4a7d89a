/**
 * Sealed backups: each under a key of its own, which is destroyed when its time is over; then nobody can read it.
 *
 *     node examples/sealed-backup.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast, restore, sealedBackups } from 'holdfast'
import { z } from 'zod'

const greet = defineWorkflow({
  name: 'greet',
  version: 1,
  input: z.object({ who: z.string() }),
  output: z.string(),
  run: async (ctx, { who }) => await ctx.step('greet', () => `Hello ${who}`),
})

const home = mkdtempSync(join(tmpdir(), 'holdfast-sealed-'))
// The master key, which the keys are sealed with, is looked for where the environment says.
process.env.XDG_DATA_HOME = join(home, 'data')
const [dir, copy, stick] = [join(home, 'workspace'), join(home, 'copy'), join(home, 'stick')]

const holdfast = await openHoldfast({ dir, workflows: [greet] })
await (await holdfast.start(greet, { who: 'Ada' }, { id: 'ada' })).result()

const DAY = 86_400_000
const now = Date.now()
const backups = sealedBackups(holdfast, { dir, keys: stick })
const { id } = await backups.make({ to: copy, now, keepMs: 30 * DAY })
await restore(copy, join(home, 'restored'))

// To be called from time to time: with the days it destroys what is due.
console.log(await backups.lookAfter(now + 29 * DAY))
console.log(await backups.lookAfter(now + 30 * DAY))
const [listed] = await backups.list(now + 30 * DAY)
assert.deepEqual([listed?.id, listed?.state], [id, 'destroyed'])
await assert.rejects(restore(copy, join(home, 'too-late')), { code: 'BACKUP_KEY_GONE' })

await holdfast.close()
rmSync(home, { recursive: true })
