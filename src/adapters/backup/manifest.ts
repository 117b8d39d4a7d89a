/**
 * A backup is a folder: a copy of the log, the operator's files, and this list of them, written last. What
 * has no manifest is no backup.
 */
import { readFile } from 'node:fs/promises'
import { isAbsolute, join, normalize } from 'node:path'
import { z } from 'zod'
import { HoldfastError } from '../../kernel/errors.ts'

export const MANIFEST_FILE = 'manifest.json'

const entry = z.strictObject({
  /** From the folder of the workspace, with `/` between its parts. */
  path: z.string().refine(staysInside, { error: 'leads out of the folder' }),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const manifest = z.strictObject({
  format: z.literal(1),
  /** The head of the copied log; keep it elsewhere too, and a changed backup shows. */
  checkpoint: z.strictObject({
    log: z.string(),
    position: z.int().min(0),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    time: z.string(),
  }),
  files: z.array(entry),
})

export type BackupManifest = z.output<typeof manifest>
export type BackedUpFile = z.output<typeof entry>

/** @throws BACKUP_INVALID */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const file = join(folder, MANIFEST_FILE)
  try {
    return manifest.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String((cause as Error).message)
    throw new HoldfastError('BACKUP_INVALID', `${folder} is not a backup: ${why}`, {
      details: { folder },
      cause,
    })
  }
}

function staysInside(path: string): boolean {
  return path !== '' && !isAbsolute(path) && !normalize(path).startsWith('..') && !path.includes('\\')
}
