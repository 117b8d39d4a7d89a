/**
 * A backup made while the work goes on. It is built beside its place and gets its name when it is whole and
 * on disk, so that a half-done one is never taken for one.
 *
 * What lies outside the log is copied in an order that errs on the safe side: mail that comes in is copied
 * before the log, so that what was taken in meanwhile comes again and is found to be known; traces of what
 * was sent are copied after it, so that nothing sent is taken for unsent.
 *
 * Why: docs/decisions/0017-backups-and-checkpoints.md
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { checkpointOf } from '../../kernel/checkpoint.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { LOG_FILE } from '../sqlite/place.ts'
import { assertNothingAt, copyFile, filesAt, measureFile, sync, syncFolders } from './files.ts'
import { type BackedUpFile, type BackupManifest, MANIFEST_FILE } from './manifest.ts'

export interface BackupOptions {
  readonly log: EventLog
  /** Folder to make; it may be there and empty. */
  readonly to: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** Files and folders of `dir`, copied before the log and after it; what is not there is left out. */
  readonly files?: {
    readonly dir: string
    readonly before: readonly string[]
    readonly after: readonly string[]
  }
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

/** @throws FOLDER_NOT_EMPTY; HOLDFAST_CLOSED when `signal` is aborted; nothing is left of a backup that fails */
export async function makeBackup(options: BackupOptions): Promise<BackupManifest> {
  const to = resolve(options.to)
  await assertNothingAt(to, 'a backup gets a folder of its own')
  const partial = `${to}.partial`
  await rm(partial, { recursive: true, force: true })
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 })
    const manifest = await fill(partial, options)
    await writeFile(join(partial, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true })
    await syncFolders(partial)
    await rename(partial, to)
    await sync(dirname(to))
    return manifest
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

async function fill(folder: string, options: BackupOptions): Promise<BackupManifest> {
  const { log, files: given, now, progress } = options
  const files: BackedUpFile[] = []
  const copy = async (paths: readonly string[] = []): Promise<void> => {
    for (const path of paths) {
      for await (const file of filesAt(given?.dir ?? '', path)) {
        assertWanted(options.signal)
        const copied = await copyFile(given?.dir ?? '', folder, file)
        if (copied !== null) files.push(copied)
        progress?.(`${files.length} files`)
      }
    }
  }
  await copy(given?.before)
  progress?.('The log')
  const head = await log.copyTo(join(folder, LOG_FILE))
  assertWanted(options.signal)
  files.push(await measureFile(folder, LOG_FILE))
  await copy(given?.after)
  return { format: 1, checkpoint: checkpointOf({ id: log.id, head: () => head }, now), files }
}

export function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new HoldfastError('HOLDFAST_CLOSED', 'It was stopped before its end')
}
