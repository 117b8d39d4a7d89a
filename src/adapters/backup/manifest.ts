/**
 * A backup is a folder: a copy of the log, the operator's files, and this list of them, written last. What
 * has no manifest is no backup. Of a sealed one the manifest says which key opens it; the list is sealed, too.
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

const sealedManifest = z.strictObject({
  format: z.literal(2),
  /** Id of the backup. */
  backup: z.string().regex(/^[\w-]+$/),
  /** Id of the log. */
  log: z.string(),
  made: z.string(),
  /** When its key is destroyed at the latest. */
  expires: z.string(),
  /** Where the key was put. */
  keys: z.string(),
})

export type SealedManifest = z.output<typeof sealedManifest>
export type BackupManifest = z.output<typeof manifest>
export type BackedUpFile = z.output<typeof entry>

/** Name of the sealed list of a sealed backup. */
export const CONTENTS = 'contents'

/** Name of the file that is at this place of the list, from 0. */
export function sealedName(index: number): string {
  return String(index + 1).padStart(6, '0')
}

/** @throws BACKUP_INVALID */
export async function readManifest(folder: string): Promise<BackupManifest | SealedManifest> {
  const text = await readFile(join(folder, MANIFEST_FILE), 'utf8').catch((cause) => {
    throw invalid(folder, cause)
  })
  return parseAs(folder, text, z.discriminatedUnion('format', [sealedManifest, manifest]))
}

/** The list of a sealed backup, opened. @throws BACKUP_INVALID */
export function parseContents(folder: string, text: string): BackupManifest {
  return parseAs(folder, text, manifest)
}

function parseAs<T>(folder: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw invalid(folder, cause)
  }
}

function invalid(folder: string, cause: unknown): HoldfastError {
  const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String((cause as Error).message)
  return new HoldfastError('BACKUP_INVALID', `${folder} is not a backup: ${why}`, {
    details: { folder },
    cause,
  })
}

function staysInside(path: string): boolean {
  return path !== '' && !isAbsolute(path) && !normalize(path).startsWith('..') && !path.includes('\\')
}
