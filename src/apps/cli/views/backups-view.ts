/** How backups look: where they were made, and until when they can be read. */
import { resolve, sep } from 'node:path'
import type { ListedBackup } from '../../../adapters/backup/backup-keys.ts'
import type { MadeBackup } from '../../backups/backups.ts'
import { age, count, moment, table, type View, whatNext } from './view.ts'

export function backupsView(backups: readonly ListedBackup[], view: View): string {
  if (backups.length === 0) {
    const next = whatNext([[view.command('backup FOLDER'), 'make one']], view)
    return ['No backup is on record.', '', ...next].join('\n')
  }
  const columns = [
    { title: 'BACKUP' },
    { title: 'MADE', right: true as const },
    { title: 'EVENTS', right: true as const },
    { title: 'CAN BE READ' },
    { title: 'FOLDER', gives: 1 },
  ]
  const rows = backups.map((one) => [
    one.id,
    age(one.made, view.now),
    one.position === null ? 'not known' : String(one.position),
    readable(one, view),
    one.to,
  ])
  const missing = backups.filter(({ state }) => state === 'missing')
  return [
    ...table(columns, rows, view),
    '',
    view.colors.dim(count(backups.length, 'backup')),
    ...missing.map(({ id, folder }) => `The key of ${id} is not in ${folder}.`),
  ].join('\n')
}

function readable({ state, until, erased, destroyed }: ListedBackup, view: View): string {
  const old = erased === null ? '' : ', made before an erasure'
  if (state === 'plain') return `by anybody, until you delete it${old}`
  if (state === 'destroyed') return `no: key destroyed ${age(destroyed ?? 0, view.now)} ago`
  if (state === 'due') return `until the next \`retain\`: its key is due${old}`
  const end = `until ${moment(until ?? 0)}${old}`
  return state === 'missing' ? `not from here: key missing; ${end}` : end
}

/** What the operator must know of the key of a backup that was just made. */
export function keyWords(id: string, sealed: NonNullable<MadeBackup['sealed']>, dir: string): string {
  const { expires, keys, master } = sealed
  const lines = [
    `Sealed as ${id}: it can be read until ${moment(expires)}, with its key in ${keys} and the master key in ${master}.`,
    ...(resolve(keys).startsWith(resolve(dir) + sep)
      ? [
          'The keys lie in the workspace: if this disk is lost, the backup can not be read. Name a folder on another disk',
          'under `backups: keys:` in policy.yaml, and keep a copy of the master key apart.',
        ]
      : []),
  ]
  return lines.join('\n')
}
