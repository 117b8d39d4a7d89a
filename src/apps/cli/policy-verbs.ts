/** The verbs about what may happen without you, and where a value comes from. */
import type { Verb } from './verb.ts'

export function policyVerbs(look: string, keep: string): Verb[] {
  return [
    {
      words: 'stop',
      group: keep,
      summary: 'Stop everything now: nothing reaches outside',
      about: [
        'No effect is done and no model is asked in any run, from this moment on, whichever process has the workspace',
        'open; also after a restart. Runs begin, timers and mail are kept, and what is held goes on after `resume`.',
        'What is just being done ends as it does. The file holdfast.stop in the workspace does the same.',
      ].join('\n'),
      options: [['--reason <text>', 'why, for the record']],
      examples: [['stop --reason "odd mails"', 'works at once, with or without `up`']],
      load: async () => (await import('./verbs/stop.ts')).stop,
    },
    {
      words: 'resume',
      group: keep,
      summary: 'Let work go on that was stopped',
      examples: [['resume', 'what was held is done, each once']],
      load: async () => (await import('./verbs/stop.ts')).resume,
    },
    {
      words: 'grants',
      group: look,
      summary: 'What you have allowed beforehand',
      about:
        'A grant lets one operation run alone for runs that had read nothing from outside when it was given.',
      options: [['--all', 'those as well that were revoked or have expired']],
      examples: [['grants', 'each with its scope, who gave it, when and why']],
      load: async () => (await import('./verbs/grants.ts')).grants,
    },
    {
      words: 'grant give',
      args: '<operation>',
      group: keep,
      summary: 'Allow one operation beforehand',
      options: [
        ['--agent <name>', 'only for this workflow or agent'],
        ['--customer <id>', 'only for this customer'],
        ['--segment <name>', 'only for customers of this segment'],
        ['--argument <name=value...>', 'only with this value of an argument; JSON or text'],
        ['--for <time>', 'only so long, such as 30d'],
        ['--reason <text>', 'why, for the record'],
      ],
      examples: [
        [
          'grant give smtp.send --agent follow-up --for 90d',
          'follow-ups go to your address book without asking',
        ],
      ],
      load: async () => (await import('./verbs/grants.ts')).grantGive,
    },
    {
      words: 'grant revoke',
      args: '<id>',
      group: keep,
      summary: 'Take a grant back, from the next decision on',
      options: [['--reason <text>', 'why, for the record']],
      examples: [['grant revoke g-5f2c81aa', 'what it allowed is put to you again']],
      load: async () => (await import('./verbs/grants.ts')).grantRevoke,
    },
    {
      words: 'budgets',
      group: look,
      summary: 'What is taken of your budgets, and what is left',
      about:
        'What work may cost is reserved before it is begun and settled when its outcome is known. At a limit it waits for you.',
      options: [['--all', 'past days and months as well']],
      examples: [['budgets', 'each with its limit, what is settled, reserved and left']],
      load: async () => (await import('./verbs/budgets.ts')).budgets,
    },
    {
      words: 'lineage',
      args: '<what>',
      group: look,
      summary: 'Where a value, or an event, comes from',
      about: [
        'A number is the position of an event; anything else is looked for in what was recorded.',
        'Shows the sources, the trust, and what the run had seen before.',
      ].join('\n'),
      options: [['--limit <n>', 'at most so many places of a value, default 20']],
      examples: [
        ['lineage orla@harbourlane-theatre.example', 'where this address came in, and where it went'],
        ['lineage 117', 'what the event at position 117 rests on'],
      ],
      load: async () => (await import('./verbs/lineage.ts')).lineage,
    },
    {
      words: 'policy decide',
      group: look,
      summary: 'A request a line in, a decision a line out (JSON)',
      about: [
        'Fields: operation, manifest, arguments (each { value, label }), context (a label with readPrivate), grants,',
        'addressBook, budget; also agent, customer, segments, approved. What is not said is taken at its worst.',
        'By the line alone, all that it names counts as listed; with --policy the lists of that file hold as well,',
        'with hosts and addresses of the workspace that it lies in, or that --dir names.',
        'A line that is no request gets an error with its number, and the exit code is 1.',
      ].join('\n'),
      options: [['--policy <file>', 'the rules of this policy.yaml as well']],
      examples: [
        ['policy decide < requests.ndjson', 'one decision a line: answer, rule, reason'],
        ['policy decide --policy workspace/policy.yaml < requests.ndjson', 'by your own lists'],
      ],
      load: async () => (await import('./verbs/policy.ts')).policyDecide,
    },
    {
      words: 'policy test',
      group: keep,
      summary: 'Run your own cases against your policy',
      about: 'They stand under cases in policy.yaml, or in policy-cases.yaml beside it.',
      options: [['--policy <file>', 'this policy in place of the one in force']],
      examples: [['policy test', 'exit code 1 if a case is not as expected']],
      load: async () => (await import('./verbs/policy.ts')).policyTest,
    },
    {
      words: 'policy what-if',
      args: '<file>',
      group: keep,
      summary: 'Which past decisions another policy would change',
      about:
        'Every decision on record is made anew by that file. Nothing is done by it and nothing is recorded.',
      options: [['--since <age>', 'only decisions so long ago at most, such as 30d']],
      examples: [['policy what-if stricter.yaml', 'each decision that would change, and by which rule']],
      load: async () => (await import('./verbs/policy.ts')).policyWhatIf,
    },
  ]
}
