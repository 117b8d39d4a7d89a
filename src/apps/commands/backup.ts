/** `backup`, `backups`, `backup destroy`: the log and the operator's files, consistent, and how long they can be read. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { KnownBackup } from '../../adapters/backup/backup-index.ts'
import type { ListedBackup } from '../../adapters/backup/backup-keys.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { VAULT_FILE } from '../../adapters/vault/vault.ts'
import { Backups, type MadeBackup } from '../backups/backups.ts'
import { AUTONOMY_FILE, CONFIG_FILE, FLAGS_FILE, POLICY_FILE } from '../config/file-names.ts'
import { lengthOf } from '../config/lengths.ts'
import { loadBackupRules } from '../config/policy-file.ts'
import { ERASURES_FILE } from '../erasure/erasure-list.ts'
import { mailFoldersOf, OUTBOX } from '../mail-folders.ts'
import { logCommand, type OpenLog } from './command.ts'

export const backup = logCommand({
  name: 'backup',
  params: z.strictObject({
    /** Folder to make, as an absolute path. */
    to: z.string().refine(isAbsolute, { error: 'must be an absolute path' }),
    /** How long its key is kept, such as 90d; null for a plain copy. Default: by policy.yaml. */
    keep: z
      .string()
      .refine((text) => (lengthOf(text) ?? 0) > 0, { error: 'must be a length of time such as 90d' })
      .nullable()
      .optional(),
  }),
  /** @throws FOLDER_NOT_EMPTY, CONFIG_INVALID, VAULT_KEY_MISSING, VAULT_KEY_INVALID */
  async run(open, { to, keep }, { signal, progress }): Promise<MadeBackup> {
    const { dir } = open
    const { inbox, sent } = await mailFoldersOf(dir)
    const before = [CONFIG_FILE, POLICY_FILE, AUTONOMY_FILE, FLAGS_FILE, 'playbooks', ...inbox]
    const after = [...sent, OUTBOX, VAULT_FILE, ERASURES_FILE]
    const { backups, keepMs } = await backupsIn(open, keep === null)
    return await backups.make({
      to,
      now: systemClock().now(),
      keepMs: keep === undefined ? keepMs : keep === null ? null : lengthOf(keep),
      files: { dir, before, after },
      signal,
      progress,
    })
  },
})

export const backupList = logCommand({
  name: 'backups',
  params: z.strictObject({}),
  /** @throws CONFIG_INVALID */
  async run(open): Promise<ListedBackup[]> {
    const { backups } = await backupsIn(open)
    return await backups.list(systemClock().now())
  },
})

export const backupDestroy = logCommand({
  name: 'backup destroy',
  params: z.strictObject({ id: z.string().min(1) }),
  /** @throws BACKUP_UNKNOWN, BACKUP_KEY_GONE, CONFIG_INVALID */
  async run(open, { id }): Promise<KnownBackup> {
    const { backups } = await backupsIn(open)
    return await backups.destroy(id)
  },
})

/**
 * By the rules of `policy.yaml`.
 * @param regardless a plain copy is made also while the file has a mistake
 * @throws CONFIG_INVALID
 */
export async function backupsIn(
  { dir, log, env }: Pick<OpenLog, 'dir' | 'log' | 'env'>,
  regardless = false,
): Promise<{ readonly backups: Backups; readonly keepMs: number | null }> {
  const loading = loadBackupRules(dir)
  const rules = regardless ? await loading.catch(() => null) : await loading
  if (rules === null) return { backups: new Backups({ dir, log, env }), keepMs: null }
  const { keepMs, ...rest } = rules
  return { backups: new Backups({ dir, log, env, ...rest }), keepMs }
}
