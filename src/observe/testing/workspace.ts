/** A real workspace in a temporary folder, for tests that look at what runs leave behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { type AnyWorkflow, type Context, defineWorkflow } from '../../kernel/workflow.ts'

/** A workflow that takes and gives anything. */
export function anyWorkflow(
  name: string,
  run: (ctx: Context, input: never) => Promise<unknown>,
): AnyWorkflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

/** Opens something in a new folder; closes it and removes the folder afterwards. */
export async function withWorkspace<Opened extends { close(): Promise<void> }>(
  open: (dir: string) => Promise<Opened>,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-observe-'))
  const opened = await open(dir)
  try {
    await use(opened)
  } finally {
    await opened.close()
    rmSync(dir, { recursive: true })
  }
}
