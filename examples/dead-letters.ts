/**
 * What failed for good waits for the operator: a run is retried where it failed, once the cause is mended, or it
 * is discarded.
 *
 *     node examples/dead-letters.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, HoldfastError, openHoldfast } from 'holdfast'
import { z } from 'zod'

const printer = { hasPaper: false, pages: [] as string[] }
let written = 0

const report = defineWorkflow({
  name: 'report',
  version: 1,
  input: z.object({ month: z.string() }),
  output: z.number(),
  async run(ctx, { month }) {
    const text = await ctx.step('write', () => {
      written += 1
      return `The month of ${month}`
    })
    return await ctx.step(
      'print',
      () => {
        if (!printer.hasPaper) throw new HoldfastError('NO_PAPER', 'the tray is empty')
        return printer.pages.push(text)
      },
      { retry: { never: ['NO_PAPER'] } },
    )
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-dead-letters-'))
const holdfast = await openHoldfast({ dir, workflows: [report] })
for (const month of ['May', 'June', 'July']) await holdfast.start(report, { month }, { id: month })
await holdfast.idle()

// Three have failed, and one alert tells of them.
for (const { run, error } of holdfast.deadLetters.list().runs) console.log(run, error?.code)
const [alert] = holdfast.alerts()
console.log(alert?.message)
assert.equal(alert?.count, 3)

// Nobody needs the one of May any more.
await holdfast.deadLetters.discard('May', 'written by hand')

// Once there is paper, the others go on where they failed: nothing is written a second time.
printer.hasPaper = true
for (const { run } of holdfast.deadLetters.list().runs) {
  const { from } = await holdfast.deadLetters.retry(run)
  assert.equal(from, 'print')
}
await holdfast.idle()
assert.deepEqual([printer.pages.length, written], [2, 3])
assert.deepEqual([holdfast.deadLetters.list().count, holdfast.alerts()], [0, []])

await holdfast.close()
rmSync(dir, { recursive: true })
