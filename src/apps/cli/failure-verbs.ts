/** What can be typed when something failed, or should not have been done. */
import type { Verb } from './verb.ts'

export function failureVerbs(group: string): Verb[] {
  return [
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
