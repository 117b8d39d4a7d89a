/**
 * Checkpoints: the log is a chain that vouches for itself, but only what was noted elsewhere shows that its end was cut off,
 * or that another log stands in its place. Here an old copy is put back, as somebody would who wants a payment forgotten.
 *
 *     node examples/checkpoint.ts
 */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkpointOf, defineWorkflow, openHoldfast, readCheckpoint } from 'holdfast'
import { z } from 'zod'

const pay = defineWorkflow({
  name: 'pay',
  version: 1,
  input: z.object({ to: z.string() }),
  output: z.string(),
  run: async (ctx, { to }) => await ctx.step('pay', () => `paid to ${to}`),
})

const home = mkdtempSync(join(tmpdir(), 'holdfast-checkpoint-'))
const [dir, old, elsewhere] = [join(home, 'workspace'), join(home, 'old'), join(home, 'elsewhere.json')]
const paid = async (to: string): Promise<void> => {
  const holdfast = await openHoldfast({ dir, workflows: [pay] })
  await (await holdfast.start(pay, { to }, { id: to })).result()
  await holdfast.close()
}

await paid('Ada')
cpSync(dir, old, { recursive: true })
await paid('Eve')

// A line of JSON, to be kept where nobody who can write the workspace can write: `holdfast log checkpoint` prints it too.
let holdfast = await openHoldfast({ dir, workflows: [pay] })
writeFileSync(elsewhere, JSON.stringify(checkpointOf(holdfast.log, Date.now())))
await holdfast.close()
const kept = () => readCheckpoint(JSON.parse(readFileSync(elsewhere, 'utf8')))

// Later the log has gone on, and goes on from there: `holdfast log verify --against elsewhere.json`.
await paid('Bo')
holdfast = await openHoldfast({ dir, workflows: [pay] })
const { events, head } = holdfast.log.verify(kept())
console.log(`${events} events up to ${head.position} go on from ${kept().position}`)
assert.ok(head.position > kept().position)
await holdfast.close()

// The old copy is whole in itself. Against the checkpoint it shows what is missing.
rmSync(dir, { recursive: true })
cpSync(old, dir, { recursive: true })
holdfast = await openHoldfast({ dir, workflows: [pay] })
console.log('by itself:', holdfast.log.verify())
assert.throws(
  () => holdfast.log.verify(kept()),
  ({ code, message }) => {
    console.log(`${code}: ${message}`)
    return code === 'LOG_TRUNCATED'
  },
)
await holdfast.close()

// So does a new workspace in its place.
const other = await openHoldfast({ dir: join(home, 'other'), workflows: [pay] })
assert.throws(() => other.log.verify(kept()), { code: 'LOG_REPLACED' })
await other.close()
rmSync(home, { recursive: true })
