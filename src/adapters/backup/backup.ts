/**
 * A backup made while the work goes on. It is built beside its place and gets its name when it is whole and
 * on disk, so that a half-done one is never taken for one.
 *
 * What lies outside the log is copied in an order that errs on the safe side: mail that comes in is copied
 * before the log, so that what was taken in meanwhile comes again and is found to be known; traces of what
 * was sent are copied after it, so that nothing sent is taken for unsent.
 *
 * A sealed one has its files under numbers, each sealed with the key of the backup, and a list of them that is sealed
 * as well: names and hashes of files tell things, too. The copy of the log is made in a scratch folder and sealed from
 * there, so that the disk of the backup never holds it in the clear.
 *
 * Why: docs/decisions/0017-backups-and-checkpoints.md, docs/decisions/0053-backups-under-expiring-keys.md
 */
import { copyFile as copyAsIs, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { checkpointOf } from '../../kernel/checkpoint.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { LOG_FILE } from '../sqlite/place.ts'
import { makeFolders } from '../system/folders.ts'
import {
  assertNothingAt,
  copyFile,
  filesAt,
  measureFile,
  sealBytes,
  sealFile,
  sync,
  syncFolders,
} from './files.ts'
import {
  type BackedUpFile,
  type BackupManifest,
  CONTENTS,
  MANIFEST_FILE,
  type SealedManifest,
  sealedName,
} from './manifest.ts'

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
  /** Seals it. Default: it is a plain copy. */
  readonly seal?: Seal
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
}

export interface Seal {
  /** Of the backup. */
  readonly id: string
  readonly key: Uint8Array
  /** When the key is to be destroyed at the latest, milliseconds since 1970. */
  readonly expires: number
  /** Where the key is, for whoever restores. */
  readonly folder: string
  /** Folder in which a folder of its own is made for the copy of the log, and removed. */
  readonly scratch: string
  /** Files of `files.dir` that are put beside, in the clear: what restoring an older backup needs of this one. */
  readonly beside?: readonly string[]
}

/** @throws FOLDER_NOT_EMPTY; HOLDFAST_CLOSED when `signal` is aborted; nothing is left of a backup that fails */
export async function makeBackup(options: BackupOptions): Promise<BackupManifest> {
  const to = resolve(options.to)
  await assertNothingAt(to, 'a backup gets a folder of its own')
  const partial = `${to}.partial`
  await rm(partial, { recursive: true, force: true })
  try {
    makeFolders(partial)
    const manifest = await fill(partial, options)
    const shown =
      options.seal === undefined ? manifest : await sealUp(partial, options, options.seal, manifest)
    await writeFile(join(partial, MANIFEST_FILE), `${JSON.stringify(shown, null, 2)}\n`, { flush: true })
    await syncFolders(partial)
    crashPoint('backup.before-name')
    await rename(partial, to)
    await sync(dirname(to))
    crashPoint('backup.after-name')
    return manifest
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

async function fill(folder: string, options: BackupOptions): Promise<BackupManifest> {
  const { log, files: given, now, seal, progress } = options
  const files: BackedUpFile[] = []
  const put = async (from: string, path: string): Promise<void> => {
    const copied =
      seal === undefined
        ? await copyFile(from, folder, path)
        : await sealFile(join(from, path), folder, path, placeIn(seal, sealedName(files.length)), seal.key)
    if (copied !== null) files.push(copied)
  }
  const copy = async (paths: readonly string[] = []): Promise<void> => {
    for (const path of paths) {
      for await (const file of filesAt(given?.dir ?? '', path)) {
        assertWanted(options.signal)
        await put(given?.dir ?? '', file)
        progress?.(`${files.length} files`)
      }
    }
  }
  await copy(given?.before)
  progress?.('The log')
  const head = await copyLog()
  await copy(given?.after)
  return { format: 1, checkpoint: checkpointOf({ id: log.id, head: () => head }, now), files }

  async function copyLog() {
    if (seal === undefined) {
      const at = await log.copyTo(join(folder, LOG_FILE))
      assertWanted(options.signal)
      files.push(await measureFile(folder, LOG_FILE))
      return at
    }
    const scratch = await mkdtemp(join(seal.scratch, SCRATCH))
    inUse.add(scratch)
    try {
      const at = await log.copyTo(join(scratch, LOG_FILE))
      crashPoint('backup.after-copy')
      assertWanted(options.signal)
      await put(scratch, LOG_FILE)
      return at
    } finally {
      await rm(scratch, { recursive: true, force: true })
      inUse.delete(scratch)
    }
  }
}

/** How the scratch folder of a backup that is being made begins. */
const SCRATCH = '.backup-'
const inUse = new Set<string>()

/**
 * Removes what backups that died have left in the workspace: a copy of the log in the clear. To be called by whoever
 * has the workspace to itself.
 */
export async function clearScratch(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  const left = entries.filter((entry) => entry.isDirectory() && entry.name.startsWith(SCRATCH))
  const paths = left.map(({ name }) => join(dir, name)).filter((path) => !inUse.has(path))
  for (const path of paths) await rm(path, { recursive: true, force: true })
}

async function sealUp(
  folder: string,
  { log, files, now }: BackupOptions,
  seal: Seal,
  manifest: BackupManifest,
): Promise<SealedManifest> {
  await sealBytes(Buffer.from(JSON.stringify(manifest)), folder, placeIn(seal, CONTENTS), seal.key)
  for (const path of seal.beside ?? []) {
    await copyAsIs(join(files?.dir ?? '', path), join(folder, path)).catch(unlessMissing)
  }
  return {
    format: 2,
    backup: seal.id,
    log: log.id,
    made: new Date(now).toISOString(),
    expires: new Date(seal.expires).toISOString(),
    keys: seal.folder,
  }
}

function placeIn({ id }: Seal, name: string) {
  return { backup: id, name }
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

export function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new HoldfastError('HOLDFAST_CLOSED', 'It was stopped before its end')
}
