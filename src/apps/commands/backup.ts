/** `backup`: the log and the operator's files, consistent, while the work goes on. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { makeBackup } from '../../adapters/backup/backup.ts'
import type { BackupManifest } from '../../adapters/backup/manifest.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { VAULT_FILE } from '../../adapters/vault/vault.ts'
import { AUTONOMY_FILE, CONFIG_FILE, FLAGS_FILE, POLICY_FILE } from '../config/file-names.ts'
import { ERASURES_FILE } from '../erasure/erasure-list.ts'
import { mailFoldersOf, OUTBOX } from '../mail-folders.ts'
import { logCommand } from './command.ts'

export interface BackedUp extends BackupManifest {
  /** The folder that was made. */
  readonly to: string
}

export const backup = logCommand({
  name: 'backup',
  params: z.strictObject({
    /** Folder to make, as an absolute path. */
    to: z.string().refine(isAbsolute, { error: 'must be an absolute path' }),
  }),
  /** @throws FOLDER_NOT_EMPTY */
  async run({ dir, log }, { to }, { signal, progress }): Promise<BackedUp> {
    const { inbox, sent } = await mailFoldersOf(dir)
    const before = [CONFIG_FILE, POLICY_FILE, AUTONOMY_FILE, FLAGS_FILE, 'playbooks', ...inbox]
    const after = [...sent, OUTBOX, VAULT_FILE, ERASURES_FILE]
    const now = systemClock().now()
    return {
      to,
      ...(await makeBackup({ log, to, now, files: { dir, before, after }, signal, progress })),
    }
  },
})
