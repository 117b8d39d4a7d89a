/** The verbs about feature flags. */
import type { Verb } from './verb.ts'

const SEGMENT = ['--segment <name>', 'only for this segment of the customers'] as const

/** @param group the heading they stand under */
export function flagVerbs(group: string): Verb[] {
  return [
    {
      words: 'flags',
      group,
      summary: 'What is on for which customers, and how often it was asked',
      about: 'The flags and segments of flags.yaml, with the answers so far by variant and reason.',
      examples: [['flags', 'also what is wrong with the file, if something is']],
      load: async () => (await import('./verbs/flags.ts')).flags,
    },
    {
      words: 'flag show',
      args: '<name>',
      group,
      summary: 'A flag whole: rules, answers, and when it was changed',
      examples: [['flag show workflow.lead-qualification', 'see the names with flags']],
      load: async () => (await import('./verbs/flags.ts')).flagShow,
    },
    {
      words: 'flag explain',
      args: '<name>',
      group,
      summary: 'Which rule of a flag answers for a customer, and why',
      about: 'Rule by rule, with what is known of the customer. Nothing is recorded by it.',
      options: [
        ['--customer <customer>', 'by address, by id, or by the beginning of either or of the name'],
        ['--key <key>', 'what shares go by, where it is not the customer'],
      ],
      examples: [
        ['flag explain workflow.lead-qualification --customer ada@ek.example', 'on or off for her, and why'],
      ],
      load: async () => (await import('./verbs/flags.ts')).flagExplain,
    },
    {
      words: 'flag on',
      args: '<name>',
      group,
      summary: 'Let the rules of a flag answer again',
      examples: [['flag on workflow.lead-qualification', 'holds from the next time it is asked']],
      load: async () => (await import('./verbs/flags.ts')).flagOn,
    },
    {
      words: 'flag off',
      args: '<name>',
      group,
      summary: 'Switch a flag off for everybody, whatever its rules say',
      about:
        'The switch of a workflow or an agent need not be in the file before: workflow.NAME, agent.NAME.',
      examples: [['flag off workflow.lead-qualification', 'mail comes in and starts no run until it is on']],
      load: async () => (await import('./verbs/flags.ts')).flagOff,
    },
    {
      words: 'flag set',
      args: '<name> <variant>',
      group,
      summary: 'Give a variant to a segment, or to all that no rule is for',
      options: [SEGMENT],
      examples: [
        ['flag set lead-qualification.playbook formal', 'where no rule answers'],
        ['flag set lead-qualification.playbook formal --segment nordic', 'before the other rules'],
      ],
      load: async () => (await import('./verbs/flags.ts')).flagSet,
    },
    {
      words: 'flag roll-out',
      args: '<name> <percent>',
      group,
      summary: 'Give a variant to a share of the customers',
      about: 'Who is in at 20 percent is in at 50: raising a share takes nobody out of it.',
      options: [['--variant <name>', 'which; needed unless the flag is on or off'], SEGMENT],
      examples: [
        ['flag roll-out workflow.follow-up 20', 'on for a fifth'],
        [
          'flag roll-out lead-qualification.playbook 50 --variant formal --segment nordic',
          'for half of them',
        ],
      ],
      load: async () => (await import('./verbs/flags.ts')).flagRollOut,
    },
    {
      words: 'flag skipped',
      group,
      summary: 'Runs that a flag has kept from beginning',
      examples: [['flag skipped', 'each with the flag and what it said']],
      load: async () => (await import('./verbs/flags.ts')).flagSkipped,
    },
    {
      words: 'flag start',
      args: '<run>',
      group,
      summary: 'Begin a run that was skipped, now that its flag is on',
      examples: [['flag start lead-m-0c1d', 'see the ids with flag skipped']],
      load: async () => (await import('./verbs/flags.ts')).flagStart,
    },
  ]
}
