/** The verbs about secrets. None takes a value among its words: those can be seen by everybody on the machine. */
import type { Verb } from './verb.ts'

/** @param group the heading they stand under */
export function vaultVerbs(group: string): Verb[] {
  return [
    {
      words: 'vault set',
      args: '<name>',
      group,
      summary: 'Put a secret into the vault, or a new value of it',
      about:
        'Asks for the value on a terminal; otherwise standard input is the value, without its last line break.',
      examples: [
        ['vault set smtp-password', 'asks for it; then smtp.password: vault:smtp-password in holdfast.yaml'],
        ['vault set openai-key < key.txt', 'from a file'],
      ],
      load: async () => (await import('./verbs/vault.ts')).vaultSet,
    },
    {
      words: 'vault list',
      group,
      summary: 'The secrets by name, and what used them; never a value',
      examples: [['vault list', 'versions, since when, last used when and by what']],
      load: async () => (await import('./verbs/vault.ts')).vaultList,
    },
    {
      words: 'vault remove',
      args: '<name>',
      group,
      summary: 'Take a secret out of the vault',
      examples: [['vault remove smtp-password', 'backups made before still hold it, sealed']],
      load: async () => (await import('./verbs/vault.ts')).vaultRemove,
    },
    {
      words: 'vault rotate',
      args: '[name]',
      group,
      summary: 'Seal all with a new master key; with a name, a new value',
      about: [
        'Without a name all secrets are sealed anew, or none is. The old key stays where it is, for the backups that',
        'were made under it. With a name the secret gets the value that is given, as with `vault set`; it must be',
        'there already, and the value must be another one.',
      ].join('\n'),
      options: [['--key-file <file>', 'change over to the key in this file, instead of making one']],
      examples: [
        ['vault rotate', 'says where the new key is'],
        ['vault rotate smtp-password', 'asks for the new value'],
      ],
      load: async () => (await import('./verbs/vault.ts')).vaultRotate,
    },
    {
      words: 'vault export',
      args: '<file> [name...]',
      group,
      summary: 'Seal secrets under a passphrase, for another machine',
      about: [
        'Without names, all. On a terminal it asks for the passphrase, twice; otherwise standard input is the passphrase,',
        'without its last line break. Whoever has the file and the passphrase has the secrets: send them by different ways,',
        'and delete the file afterwards.',
      ].join('\n'),
      examples: [
        ['vault export secrets.json', 'all secrets'],
        ['vault export secrets.json smtp-password', 'one of them'],
      ],
      load: async () => (await import('./verbs/vault-exchange.ts')).vaultExport,
    },
    {
      words: 'vault import',
      args: '<file>',
      group,
      summary: 'Bring in secrets that another workspace has exported',
      about:
        'Where a name is there with another value, nothing is brought in, unless you say which value holds.',
      options: [
        ['--replace', 'the values of the file hold'],
        ['--keep', 'the values that are there hold'],
      ],
      examples: [['vault import secrets.json', 'asks for the passphrase']],
      load: async () => (await import('./verbs/vault-exchange.ts')).vaultImport,
    },
  ]
}
