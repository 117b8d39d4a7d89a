/** The verbs that erase: by the operator's rules, and one customer. */
import type { Verb } from './verb.ts'

export function erasingVerbs(group: string): readonly Verb[] {
  return [
    {
      words: 'retain',
      group,
      summary: 'Erase what policy.yaml says is not to be kept any longer',
      about: [
        'What finished runs held is erased for good by the rules under `retention`, and the room given back;',
        'that they were, and the chain, stay. `up` does the same once an hour. Without rules all is kept.',
        'So are the keys of sealed backups whose time is over.',
      ].join('\n'),
      options: [['--dry-run', 'only say what would be erased']],
      examples: [
        ['retain --dry-run', 'how many runs, by workflow'],
        ['retain', 'backups made before still hold it'],
      ],
      load: async () => (await import('./verbs/retain.ts')).retain,
    },
    {
      words: 'erase',
      args: '<customer>',
      group,
      summary: 'Erase one customer, and search every byte',
      about: [
        'What they wrote and what was done about them goes from the log, the tables and the mail folders, and their',
        'names from whatever is kept; the chain still verifies. Then every byte of the workspace is searched for them:',
        'exit code 1 if anything is found, with where.',
        'Repeat it after a crash, or when what was found is gone.',
      ].join('\n'),
      options: [
        ['--reason <text>', 'why, for the record'],
        ['--dry-run', 'only say what would be erased'],
        ['--yes', 'do not ask'],
        ['--cancel-runs', 'cancel the runs about them that have not ended'],
        ['--mentions', 'also whole mails and runs of others in which they are named'],
        ['--end-backups', 'destroy the keys of the sealed backups that may hold them, at once'],
        ['--finish', 'end it although something was found that can not be erased here'],
      ],
      examples: [
        ['erase ada@hall.example --dry-run', 'what there is of them'],
        [
          'erase ada@hall.example --reason "asked for it" --cancel-runs --yes',
          'exit code 0 when nothing is left',
        ],
      ],
      load: async () => (await import('./verbs/erase.ts')).erase,
    },
  ]
}
