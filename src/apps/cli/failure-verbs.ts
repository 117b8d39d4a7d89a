/** What can be typed when something failed, or should not have been done. */
import type { Verb } from './verb.ts'

export function failureVerbs(group: string): Verb[] {
  return [
    {
      words: 'dead-letters',
      group,
      summary: 'What has failed for good and waits for your word',
      about: 'Failed runs, and the events that agents and triggers have set aside.',
      options: [
        ['--workflow <name>', 'only runs of this workflow'],
        ['--limit <n>', 'at most so many, default 50'],
      ],
      examples: [
        ['dead-letters', 'the oldest first, with why'],
        ['dead-letters --json', 'for scripts'],
      ],
      load: async () => (await import('./verbs/dead-letters.ts')).deadLetters,
    },
    {
      words: 'run retry',
      args: '<id>',
      group,
      summary: 'Let a failed run go on where it failed',
      about: [
        'What it had done is not done again, an effect that may have been done is looked up first, and what it waited',
        'for comes back. Children that failed in it go on with it. Its limits hold: it may have to wait its turn.',
      ].join('\n'),
      options: [['--from <operation>', 'do all again that was settled from this operation on']],
      examples: [
        ['run retry lead-m-0c1d', 'after the cause was mended'],
        ['run retry lead-m-0c1d --from "draft reply"', 'a new draft as well'],
      ],
      load: async () => (await import('./verbs/dead-letters.ts')).runRetry,
    },
    {
      words: 'run discard',
      args: '<id>',
      group,
      summary: 'Settle a failed run without doing anything more',
      about: 'It stays failed, leaves the dead letters, and no alert tells of it any more.',
      options: [['--reason <text>', 'why, for the record']],
      examples: [['run discard lead-m-0c1d --reason "answered by phone"', 'it can still be retried later']],
      load: async () => (await import('./verbs/dead-letters.ts')).runDiscard,
    },
    {
      words: 'run rollback',
      args: '<id>',
      group,
      summary: 'Undo what a run did, last first',
      about: 'Also what the runs did that it called. You are asked about what has no undo.',
      options: [['--dry-run', 'only say what would be undone']],
      examples: [
        ['run rollback order-17 --dry-run', 'what it would undo'],
        ['run rollback order-17', 'does it; twice is once'],
      ],
      load: async () => (await import('./verbs/rollback.ts')).runRollback,
    },
    {
      words: 'breakers',
      group,
      summary: 'Which connectors are down, and what waits for them',
      about: 'A connector that fails again and again is left alone for a while; then one effect tries it.',
      examples: [['breakers', 'every connector, when it is tried next, and why']],
      load: async () => (await import('./verbs/breakers.ts')).breakers,
    },
    {
      words: 'breaker close',
      args: '<name>',
      group,
      summary: 'Say that a connector is back: what waits goes on now',
      examples: [['breaker close smtp', 'after the mail server was mended']],
      load: async () => (await import('./verbs/breakers.ts')).breakerClose,
    },
  ]
}
