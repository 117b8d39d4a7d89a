/** A real workspace in a temporary folder, for tests that look at what runs leave behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { Context } from '../../kernel/workflow.ts'
import { type AnyWorkflow, defineWorkflow } from '../../kernel/workflow.ts'
import { type Holdfast, type OpenOptions, openHoldfast } from '../../sdk.ts'

export function anyWorkflow(
  name: string,
  run: (ctx: Context, input: never) => Promise<unknown>,
): AnyWorkflow {
  return defineWorkflow({ name, version: 1, input: z.any(), output: z.any(), run })
}

export async function withWorkspace(
  options: Omit<OpenOptions, 'dir'>,
  use: (hf: Holdfast) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-observe-'))
  const hf = await openHoldfast({ ...options, dir })
  try {
    await use(hf)
  } finally {
    await hf.close()
    rmSync(dir, { recursive: true })
  }
}
