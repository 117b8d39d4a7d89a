/**
 * A backup made into a workspace again. Every file is compared with the manifest, the chain is recomputed
 * and held against the checkpoint, the tables are compared with what the log says; only then does the folder
 * get its name. Until then nothing stands there.
 *
 * That it was restored is an event. From it the runtime knows that effects of older runs may have been
 * carried out after the backup was made, and asks before it does them: see runtime/retention/restored.ts.
 */
import { rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Checkpoint } from '../../kernel/checkpoint.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { LOG_RESTORED, RESTORES_STREAM } from '../../ports/restores.ts'
import { makeFolders } from '../system/folders.ts'
import { assertWanted } from './backup.ts'
import { assertNothingAt, copyFile, openBytes, openFile, sync, syncFolders } from './files.ts'
import {
  type BackedUpFile,
  type BackupManifest,
  CONTENTS,
  parseContents,
  readManifest,
  type SealedManifest,
  sealedName,
} from './manifest.ts'
import { NotOpened } from './sealing.ts'

export interface RestoreOptions {
  /** Folder of the backup. */
  readonly from: string
  /** Folder to make; it may be there and empty. */
  readonly dir: string
  /** Opens the log of a folder, with the projections that are kept of it. */
  readonly open: (dir: string) => EventLog
  /** Finds the key of a sealed backup. Default: none is to be had. @throws BACKUP_KEY_GONE, VAULT_KEY_MISSING */
  readonly keyOf?: (sealed: SealedManifest) => Promise<Uint8Array>
  /** What else is to be done in the folder before it gets its name. */
  readonly prepare?: (dir: string) => Promise<void>
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

export interface RestoreReport {
  readonly dir: string
  /** Up to where the log goes: what came later is not in the backup. */
  readonly checkpoint: Checkpoint
  readonly files: number
  /** Tables that were not what the log says, and were made anew. */
  readonly rebuilt: readonly string[]
}

/** @throws BACKUP_INVALID, BACKUP_KEY_GONE, VAULT_KEY_MISSING, FOLDER_NOT_EMPTY, LOG_CORRUPT, LOG_TRUNCATED, LOG_REWRITTEN, LOG_REPLACED, HOLDFAST_CLOSED */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { signal, progress } = options
  const dir = resolve(options.dir)
  const { manifest, bring } = await lookInto(options)
  await assertNothingAt(dir, 'a backup is restored into a new folder')
  const partial = `${dir}.partial`
  await rm(partial, { recursive: true, force: true })
  try {
    makeFolders(partial)
    for (const [index, file] of manifest.files.entries()) {
      assertWanted(signal)
      await bring(partial, file, index)
      progress?.(`Copying ${file.path}`)
    }
    progress?.('Verifying')
    const rebuilt = await check(options.open(partial), manifest)
    await options.prepare?.(partial)
    assertWanted(signal)
    await syncFolders(partial)
    await rename(partial, dir)
    await sync(dirname(dir))
    return { dir, checkpoint: manifest.checkpoint, files: manifest.files.length, rebuilt }
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

interface Opened {
  readonly manifest: BackupManifest
  /** Brings the file at this place of the list back. @throws BACKUP_INVALID */
  readonly bring: (to: string, file: BackedUpFile, index: number) => Promise<void>
}

async function lookInto({ from, keyOf }: RestoreOptions): Promise<Opened> {
  const found = await readManifest(from)
  if (found.format === 1) {
    const bring = async (to: string, file: BackedUpFile) =>
      assertSame(join(from, file.path), file, await copyFile(from, to, file.path))
    return { manifest: found, bring }
  }
  if (keyOf === undefined) throw keyGone(found, [])
  const key = await keyOf(found)
  const placeOf = (name: string) => ({ backup: found.backup, name })
  const list = await openBytes(from, placeOf(CONTENTS), key).catch((error) => {
    throw notOpened(from, CONTENTS, error)
  })
  return {
    manifest: parseContents(from, list.toString()),
    async bring(to, file, index) {
      const name = sealedName(index)
      const copied = await openFile(from, to, file.path, placeOf(name), key).catch((error) => {
        throw notOpened(from, name, error)
      })
      assertSame(join(from, name), file, copied)
    },
  }
}

/** @param folders where it was looked for */
export function keyGone(
  { backup, made, expires }: SealedManifest,
  folders: readonly string[],
): HoldfastError {
  const where = folders.length === 0 ? 'here' : `in ${folders.join(', ')}`
  return new HoldfastError(
    'BACKUP_KEY_GONE',
    `The key of backup ${backup}, made ${made}, is not ${where}. It was to be destroyed by ${expires} at the latest; without it nothing of the backup can be read`,
    { details: { backup, made, expires, folders } },
  )
}

function notOpened(from: string, name: string, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException
  if (!(cause instanceof NotOpened) && code !== 'ENOENT') return cause
  const why = code === 'ENOENT' ? `${name} is missing` : message
  return new HoldfastError('BACKUP_INVALID', `${from}: ${why}`, { details: { path: name }, cause })
}

function assertSame(where: string, file: BackedUpFile, copied: BackedUpFile | null): void {
  if (copied?.sha256 === file.sha256) return
  const what = copied === null ? 'is missing' : 'is not what the manifest says'
  throw new HoldfastError('BACKUP_INVALID', `${where} ${what}`, {
    details: { path: file.path, expected: file.sha256, seen: copied?.sha256 ?? null },
  })
}

async function check(log: EventLog, { checkpoint }: BackupManifest): Promise<readonly string[]> {
  try {
    const { head } = log.verify(checkpoint)
    if (head.position !== checkpoint.position) {
      throw new HoldfastError(
        'BACKUP_INVALID',
        `The log goes up to ${head.position}, the manifest to ${checkpoint.position}`,
      )
    }
    const { differing } = log.rebuild({ replace: false })
    if (differing.length > 0) log.rebuild({ replace: true })
    const body = { position: checkpoint.position, hash: checkpoint.hash, made: checkpoint.time }
    const restored = { kind: LOG_RESTORED, actor: 'operator', label: SYSTEM, body }
    await log.append([{ stream: RESTORES_STREAM, expectedVersion: 'any', events: [restored] }])
    return differing
  } finally {
    await log.close()
  }
}
