/** `backup`: the log and the operator's files, consistent, while the work goes on. */
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { makeBackup } from '../../adapters/backup/backup.ts'
import type { BackupManifest } from '../../adapters/backup/manifest.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { VAULT_FILE } from '../../adapters/vault/vault.ts'
import { loadConfig } from '../config/config.ts'
import { AUTONOMY_FILE, CONFIG_FILE, FLAGS_FILE, POLICY_FILE } from '../config/file-names.ts'
import { resolveInWorkspace } from '../config/paths.ts'
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
    const { inbox, sent } = await mailFolders(dir)
    const before = [CONFIG_FILE, POLICY_FILE, AUTONOMY_FILE, FLAGS_FILE, 'playbooks', ...inbox]
    const after = [...sent, 'mail/outbox', VAULT_FILE]
    const now = systemClock().now()
    return {
      to,
      ...(await makeBackup({ log, to, now, files: { dir, before, after }, signal, progress })),
    }
  },
})

/** Those that lie in the workspace; what lies elsewhere is kept by whoever put it there. */
async function mailFolders(dir: string): Promise<{ inbox: string[]; sent: string[] }> {
  // What can not be read now is copied as it is, and its mail from where it is by default.
  const loaded = await loadConfig({ dir, env: process.env }).catch(() => null)
  const mail = loaded?.config.mail
  const inside = (path: string | null): string[] => {
    if (path === null) return []
    const below = relative(resolve(dir), resolveInWorkspace(dir, path))
    return below === '' || below.startsWith(`..${sep}`) || isAbsolute(below)
      ? []
      : [below.split(sep).join('/')]
  }
  return {
    inbox: inside(mail === undefined ? 'mail/Inbox' : mail.in.maildir),
    sent: inside(mail?.out.sentDir ?? 'mail/Sent'),
  }
}
