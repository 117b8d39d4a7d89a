/**
 * The backups of a workspace: made, listed, ended by the end of their keys, and found again by whoever restores. Plain
 * without a time that their keys are kept, sealed with one.
 */
import { join } from 'node:path'
import { type BackupOptions, clearScratch, makeBackup } from '../../adapters/backup/backup.ts'
import { BACKUP_MADE, BACKUP_STREAM, type KnownBackup } from '../../adapters/backup/backup-index.ts'
import {
  BackupKeys,
  besideBackup,
  type DestroyedKeys,
  findKey,
  type ListedBackup,
  newBackupId,
} from '../../adapters/backup/backup-keys.ts'
import { keyOf } from '../../adapters/backup/key-folder.ts'
import type { BackupManifest, SealedManifest } from '../../adapters/backup/manifest.ts'
import { keyGone } from '../../adapters/backup/restore.ts'
import type { Environment } from '../../adapters/system/environment.ts'
import { MasterKeys } from '../../adapters/vault/master-keys.ts'
import { masterKeyOf } from '../../adapters/vault/vault.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { OWNER } from '../../kernel/label.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { ERASURES_FILE } from '../erasure/erasure-list.ts'

/** How long older backups can be read after an erasure, where nothing else is said. */
export const AFTER_ERASURE_MS = 30 * 86_400_000

export interface BackupsOptions {
  /** The workspace. */
  readonly dir: string
  readonly log: EventLog
  /** Says where the master key of the vault is, which the keys are sealed with. */
  readonly env: Environment
  /** Folder of the keys, from the workspace's. Default `backup-keys` in it. */
  readonly keys?: string | undefined
  /** How long older backups can be read after an erasure. Default 30 days. */
  readonly afterErasureMs?: number
}

export interface BackupWish extends Pick<BackupOptions, 'files' | 'signal' | 'progress'> {
  readonly to: string
  /** Milliseconds since 1970. */
  readonly now: number
  /** How long its key is kept; null for a plain copy. */
  readonly keepMs: number | null
}

export interface MadeBackup extends BackupManifest {
  readonly id: string
  /** The folder that was made. */
  readonly to: string
  /** Of a sealed one: when its key is destroyed at the latest, and where it is. */
  readonly sealed: { readonly expires: number; readonly keys: string; readonly master: string } | null
}

export class Backups {
  readonly #options: BackupsOptions
  readonly #keys: BackupKeys

  constructor(options: BackupsOptions) {
    const { log, dir, keys, afterErasureMs = AFTER_ERASURE_MS } = options
    this.#options = options
    this.#keys = new BackupKeys({ log, dir, afterErasureMs, ...(keys === undefined ? {} : { folder: keys }) })
  }

  /** @throws FOLDER_NOT_EMPTY; VAULT_KEY_MISSING, VAULT_KEY_INVALID for a sealed one */
  async make({ to, now, keepMs, files, signal, progress }: BackupWish): Promise<MadeBackup> {
    const { dir, log, env } = this.#options
    await clearScratch(dir)
    const options = {
      log,
      to,
      now,
      ...(files === undefined ? {} : { files }),
      ...(signal === undefined ? {} : { signal }),
      ...(progress === undefined ? {} : { progress }),
    }
    if (keepMs === null) {
      const head = log.head().position
      const manifest = await makeBackup(options)
      const id = newBackupId()
      await recordMade(log, id, { to, made: now, head, manifest })
      return { id, to, sealed: null, ...manifest }
    }
    const master = await masterKeyOf({ dir, env })
    const head = log.head().position
    const { id, key, expires, folder } = await this.#keys.begin({ to, now, keepMs }, master)
    const seal = { id, key, expires, folder, scratch: dir, beside: [ERASURES_FILE] }
    const manifest = await makeBackup({ ...options, seal })
    await recordMade(log, id, { to, made: now, head, manifest })
    return { id, to, sealed: { expires, keys: folder, master: master.where }, ...manifest }
  }

  /** The newest first. */
  async list(now: number): Promise<ListedBackup[]> {
    return await this.#keys.list(now)
  }

  /** Destroys the keys that are due. Call it from time to time. */
  async lookAfter(now: number): Promise<DestroyedKeys> {
    return await this.#keys.lookAfter(now)
  }

  /** Destroys the keys of all backups that may hold somebody who was erased. */
  async destroyOlder(): Promise<DestroyedKeys> {
    return await this.#keys.destroyOlder()
  }

  /** @throws BACKUP_UNKNOWN, BACKUP_KEY_GONE */
  async destroy(id: string): Promise<KnownBackup> {
    return await this.#keys.destroy(id)
  }
}

/** Puts on record that a backup is whole and has its name. */
export async function recordMade(
  log: EventLog,
  id: string,
  {
    to,
    made,
    head,
    manifest,
  }: {
    readonly to: string
    readonly made: number
    readonly head: number
    readonly manifest: BackupManifest
  },
): Promise<void> {
  const { checkpoint, files } = manifest
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const body = { backup: id, to, made, head, position: checkpoint.position, files: files.length, bytes }
  const event = { kind: BACKUP_MADE, actor: 'operator', label: OWNER, body }
  await log.append([{ stream: BACKUP_STREAM + id, expectedVersion: 'any', events: [event] }])
}

/**
 * Finds the key of a sealed backup: in the folder that is named, in the one where it was put, in one beside the backup.
 * @throws BACKUP_KEY_GONE, VAULT_KEY_MISSING, BACKUP_INVALID for a key that does not open
 */
export function keyFinder(options: {
  readonly from: string
  readonly env: Environment
  readonly keys?: string | undefined
}): (sealed: SealedManifest) => Promise<Uint8Array> {
  const { from, env, keys } = options
  return async (sealed) => {
    const folders = keys === undefined ? [sealed.keys, besideBackup(from)] : [keys]
    const file = await findKey(folders, sealed.backup)
    if (file === null) throw keyGone(sealed, folders)
    const { key: master } = await new MasterKeys(env).find(file.master)
    const key = keyOf(file, master)
    if (key !== null) return key
    throw new HoldfastError('BACKUP_INVALID', `The key of backup ${sealed.backup} does not open`, {
      details: { backup: sealed.backup, path: join(folders[0] ?? '', `${sealed.backup}.key`) },
    })
  }
}
