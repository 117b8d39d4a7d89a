/**
 * Keeping data: a checkpoint that shows whether the log was cut off or written anew, a backup while it works, what
 * that backup makes, and a rule by which what finished runs held is erased.
 *
 *     node examples/keep-data.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backup, checkpointOf, defineWorkflow, openHoldfast, restore, retain } from 'holdfast'
import { z } from 'zod'

const greet = defineWorkflow({
  name: 'greet',
  version: 1,
  input: z.object({ who: z.string() }),
  output: z.string(),
  run: async (ctx, { who }) => await ctx.step('greet', () => `Hello ${who}`),
})

const folder = mkdtempSync(join(tmpdir(), 'holdfast-keep-data-'))
const [dir, copy, other] = [join(folder, 'workspace'), join(folder, 'copy'), join(folder, 'restored')]

const holdfast = await openHoldfast({ dir, workflows: [greet] })
await (await holdfast.start(greet, { who: 'Ada' }, { id: 'ada' })).result()

// Kept where nobody who can write the workspace can write.
const checkpoint = checkpointOf(holdfast.log, Date.now())
const { checkpoint: ofBackup } = await backup(holdfast, copy)
console.log('backed up to position', ofBackup.position)

// The body of what has ended is erased, and a published event that nobody may look at any more; that they were, and
// the chain, stay.
await holdfast.emit({ kind: 'greeted', id: 'greeted-ada', data: 'Ada' })
const report = await retain(holdfast, [
  { workflow: 'greet', status: ['completed'], afterMs: 0 },
  { events: 'greeted', afterMs: 0 },
])
console.log(report)
assert.equal(holdfast.log.readStream('event/greeted-ada')[0]?.body, null)
assert.equal(holdfast.log.readStream('run/ada')[0]?.body, null)
holdfast.log.compact()
console.log(holdfast.log.verify(checkpoint))
await holdfast.close()

await restore(copy, other)
const restored = await openHoldfast({ dir: other, workflows: [greet] })
assert.equal(await restored.run('ada').result(), 'Hello Ada')
restored.log.verify(checkpoint)
await restored.close()
rmSync(folder, { recursive: true })
