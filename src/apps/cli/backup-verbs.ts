/** The verbs about backups: making, listing, ending and restoring them. */
import type { Verb } from './verb.ts'

export function backupVerbs(group: string): readonly Verb[] {
  return [
    {
      words: 'backup',
      args: '<to>',
      group,
      summary: 'Back the workspace up, while it works',
      about: [
        'Makes a folder with the log, holdfast.yaml, policy.yaml, autonomy.yaml, flags.yaml, the playbooks, the mail',
        'folders of the workspace, vault.json, and a manifest of them. The master key of the vault is not in it.',
        'With `backups: keep:` in policy.yaml, or --keep, all of it is sealed with a key that is destroyed so long after.',
      ].join('\n'),
      options: [
        ['--keep <time>', 'seal it, and destroy its key so long after, such as 90d'],
        ['--plain', 'a plain copy, whatever policy.yaml says'],
      ],
      examples: [
        ['backup ~/backups/2026-03-01', 'a folder that is not there yet'],
        ['backup ~/backups/2026-03-01 --keep 90d', 'nobody can read it after 90 days'],
      ],
      load: async () => (await import('./verbs/backup.ts')).backup,
    },
    {
      words: 'backups',
      group,
      summary: 'The backups, and until when they can be read',
      examples: [['backups', 'also those whose keys were destroyed']],
      load: async () => (await import('./verbs/backup.ts')).backups,
    },
    {
      words: 'backup destroy',
      args: '<id>',
      group,
      summary: 'Destroy the key of a sealed backup, for good',
      about: 'Keys that are due are destroyed by `retain`, and once an hour by `up`.',
      options: [['--yes', 'it is meant']],
      examples: [['backup destroy bk-1f0c22ab90d4 --yes', 'the id is in `backups`']],
      load: async () => (await import('./verbs/backup.ts')).backupDestroy,
    },
    {
      words: 'restore',
      args: '<backup>',
      group,
      summary: 'Make a backup into a new workspace, verified',
      about: [
        'Nothing is left of one that fails. Do not let the old workspace go on beside it. Customers who were erased',
        'since are erased again, by the lists of the backups beside it and those that are named.',
      ].join('\n'),
      options: [
        ['--erasures <path...>', 'a workspace, backup or file that says who was erased since'],
        ['--keys <folder>', 'where the key of a sealed backup is, if not where it was put'],
      ],
      examples: [['restore ~/backups/2026-03-01 --dir restored', 'a folder that is not there yet']],
      load: async () => (await import('./verbs/backup.ts')).restore,
    },
  ]
}
