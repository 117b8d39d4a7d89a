/** Whether the sealed backups can be read when they are needed, and can't be when they should not. */
import { resolve, sep } from 'node:path'
import type { ListedBackup } from '../../adapters/backup/backup-keys.ts'
import { bad, type Found, fine, warn } from './doctor.ts'

export function backupsRow(dir: string, backups: readonly ListedBackup[]): Found {
  const [due] = backups.filter(({ state }) => state === 'due')
  if (due !== undefined) {
    return bad(
      `the key of ${due.id} should be destroyed by now`,
      'Run `holdfast retain`; `holdfast up` does it once an hour.',
    )
  }
  const [missing] = backups.filter(({ state }) => state === 'missing')
  if (missing !== undefined) {
    return warn(
      `the key of ${missing.id} is not in ${missing.folder}: it can neither be read nor be ended from here`,
      'Bring the folder of the keys back to its place.',
    )
  }
  const readable = backups.filter(({ state }) => state === 'readable')
  const inside = readable.filter(({ folder }) =>
    `${resolve(dir, folder ?? '')}${sep}`.startsWith(`${resolve(dir)}${sep}`),
  )
  if (inside.length > 0) {
    return warn(
      `the keys of ${inside.length} sealed backups lie in the workspace, and would be lost with it`,
      'Name a folder on another disk under `backups: keys:` in policy.yaml.',
    )
  }
  const plain = backups.filter(({ state }) => state === 'plain').length
  return fine(`${readable.length} sealed ones can be read, ${plain} plain ones are on record`)
}
