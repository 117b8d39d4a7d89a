/** How many mails a second the main job takes in: parsed, filed with their customer, qualified to a review. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateMails } from '../e2e/testing/generate-mbox.ts'
import { createWorkspace, openWorkspace } from '../src/apps/workspace.ts'

export async function messagesPerSecond(count: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  await createWorkspace(dir, { addresses: ['owner@studio.example'] })
  const workspace = await openWorkspace({ dir, env: {} })
  try {
    const began = performance.now()
    let number = 0
    for (const raw of generateMails({ count, seed: 1 })) {
      number += 1
      await workspace.intake.receive({ raw, channel: 'file', ref: `bench#${number}` })
    }
    await workspace.holdfast.idle()
    return (count / (performance.now() - began)) * 1000
  } finally {
    await workspace.close()
    rmSync(dir, { recursive: true, force: true })
  }
}
