/**
 * A backup made into a workspace again. Every file is compared with the manifest, the chain is recomputed
 * and held against the checkpoint, the tables are compared with what the log says; only then does the folder
 * get its name. Until then nothing stands there.
 *
 * That it was restored is an event. From it the runtime knows that effects of older runs may have been
 * carried out after the backup was made, and asks before it does them: see runtime/restored.ts.
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Checkpoint } from '../../kernel/checkpoint.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { SYSTEM } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { LOG_RESTORED, RESTORES_STREAM } from '../../ports/restores.ts'
import { assertWanted } from './backup.ts'
import { assertNothingAt, copyFile, sync, syncFolders } from './files.ts'
import { type BackedUpFile, type BackupManifest, readManifest } from './manifest.ts'

export interface RestoreOptions {
  /** Folder of the backup. */
  readonly from: string
  /** Folder to make; it may be there and empty. */
  readonly dir: string
  /** Opens the log of a folder, with the projections that are kept of it. */
  readonly open: (dir: string) => EventLog
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

/** @throws BACKUP_INVALID, FOLDER_NOT_EMPTY, LOG_CORRUPT, LOG_TRUNCATED, LOG_REWRITTEN, LOG_REPLACED, HOLDFAST_CLOSED */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { from, signal, progress } = options
  const dir = resolve(options.dir)
  const manifest = await readManifest(from)
  await assertNothingAt(dir, 'a backup is restored into a new folder')
  const partial = `${dir}.partial`
  await rm(partial, { recursive: true, force: true })
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 })
    for (const file of manifest.files) {
      assertWanted(signal)
      await bringBack(from, partial, file)
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

async function bringBack(from: string, to: string, file: BackedUpFile): Promise<void> {
  const copied = await copyFile(from, to, file.path)
  if (copied?.sha256 === file.sha256) return
  const what = copied === null ? 'is missing' : 'is not what the manifest says'
  throw new HoldfastError('BACKUP_INVALID', `${join(from, file.path)} ${what}`, {
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
