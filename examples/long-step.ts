/**
 * A long step that says how far it is: one that falls silent is aborted and tried again, and the next attempt
 * begins where the one before it was, also after a crash.
 *
 *     node examples/long-step.ts
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineWorkflow, openHoldfast } from 'holdfast'
import { z } from 'zod'

const imported: string[] = []

async function importRow(row: string, attempt: number): Promise<void> {
  // The first attempt gets stuck half way: nobody answers, and nothing fails either.
  if (attempt === 1 && imported.length === 3) await new Promise(() => {})
  imported.push(row)
}

const importing = defineWorkflow({
  name: 'importing',
  version: 1,
  input: z.object({ rows: z.array(z.string()) }),
  output: z.object({ rows: z.number(), attempts: z.number() }),
  async run(ctx, { rows }) {
    return await ctx.step(
      'import',
      async (own) => {
        const done = z.object({ rows: z.number() }).nullable().parse(own.lastDetails)
        for (const [i, row] of rows.entries()) {
          if (i < (done?.rows ?? 0)) continue
          await importRow(row, own.attempt)
          own.heartbeat({ rows: i + 1 })
        }
        return { rows: rows.length, attempts: own.attempt }
      },
      { heartbeat: '200ms', totalTimeout: '1h' },
    )
  },
})

const dir = mkdtempSync(join(tmpdir(), 'holdfast-long-step-'))
const holdfast = await openHoldfast({ dir, workflows: [importing] })
const run = await holdfast.start(importing, { rows: ['Ada', 'Bob', 'Cy', 'Dora', 'Eve'] }, { id: 'import-1' })
assert.deepEqual(await run.result(), { rows: 5, attempts: 2 })
assert.deepEqual(imported, ['Ada', 'Bob', 'Cy', 'Dora', 'Eve']) // each once

for (const { position, kind, body } of holdfast.log.readStream('run/import-1')) {
  console.log(position, kind, JSON.stringify(body?.details ?? ''))
}

await holdfast.close()
rmSync(dir, { recursive: true })
