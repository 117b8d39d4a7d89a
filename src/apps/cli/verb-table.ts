/** Everything that can be typed. What a verb does is loaded when it is used, so that help is quick. */
import { agentVerbs } from './agent-verbs.ts'
import { autonomyVerbs } from './autonomy-verbs.ts'
import { backupVerbs } from './backup-verbs.ts'
import { erasingVerbs } from './erasing-verbs.ts'
import { failureVerbs } from './failure-verbs.ts'
import { flagVerbs } from './flag-verbs.ts'
import { policyVerbs } from './policy-verbs.ts'
import { reviewVerbs } from './review-verbs.ts'
import { starterVerbs } from './starter-verbs.ts'
import { vaultVerbs } from './vault-verbs.ts'
import type { Verb } from './verb.ts'

const START = 'Begin'
const DAY = 'Your day'
const LOOK = 'Look closer'
const KEEP = 'Look after it'

export const VERBS: readonly Verb[] = [
  {
    words: 'init',
    group: START,
    summary: 'Create a workspace',
    about:
      'On a terminal it asks for what the options do not say; elsewhere, or with --yes, defaults are taken.',
    options: [
      ['--name <name>', 'your name, as it stands under your mails'],
      ['--address <address...>', 'your mail addresses; replies are sent from the first one'],
      ['--business <name>', 'the name of your business'],
      ['--region <code>', 'country of phone numbers without a country code, such as SE'],
      ['-y, --yes', 'ask nothing'],
    ],
    examples: [
      ['init', 'asks for your name and addresses'],
      ['init --dir studio --name "Ada Ek" --address ada@ek.example --yes', 'asks nothing'],
    ],
    load: async () => (await import('./verbs/init.ts')).init,
  },
  {
    words: 'up',
    group: START,
    summary: 'Serve a workspace until Ctrl-C: mail in, work, commands',
    about: [
      'Takes in mail as it comes, lets the work advance, answers the commands of other terminals.',
      'With --sample it makes the workspace if there is none. Ctrl-C stops in good order, a second one at once.',
    ].join('\n'),
    options: [
      ['--sample', 'make a workspace if there is none, and bring in the sample mailbox'],
      ['--once', 'stop when everything that waits has been worked off'],
    ],
    examples: [
      ['up', 'serves ./workspace until Ctrl-C'],
      ['up --sample --once', 'works off the sample mailbox, shows the inbox, ends'],
    ],
    ownSignals: true,
    load: async () => (await import('./verbs/up.ts')).up,
  },
  {
    words: 'ingest',
    args: '<file...>',
    group: DAY,
    summary: 'Take in mail from .eml and mbox files, Maildirs, folders',
    examples: [
      ['ingest letter.eml', 'one message'],
      ['ingest archive.mbox ~/Maildir', 'whole mailboxes; what is known already is not taken in twice'],
    ],
    load: async () => (await import('./verbs/ingest.ts')).ingest,
  },
  ...reviewVerbs(DAY),
  {
    words: 'runs',
    group: LOOK,
    summary: 'The runs, newest first, and what each waits for',
    options: [
      ['--status <status>', 'queued, running, waiting, stalled, completed, failed or cancelled'],
      ['--limit <n>', 'at most so many, default 50'],
    ],
    examples: [
      ['runs --status waiting', 'what is still open'],
      ['runs --limit 1000 --json', 'for scripts'],
    ],
    load: async () => (await import('./verbs/runs.ts')).runs,
  },
  {
    words: 'queue',
    group: LOOK,
    summary: 'The runs that wait to begin, and what holds them up',
    about:
      'Runs of one workflow with the same priority and keys are one line: what holds up the first holds up all.',
    options: [['--limit <n>', 'at most so many lines, default 50']],
    examples: [
      ['queue', 'a place, a rate, a time, or simply their turn'],
      ['queue --json', 'for scripts'],
    ],
    load: async () => (await import('./verbs/queue.ts')).queue,
  },
  ...starterVerbs(LOOK),
  {
    words: 'run show',
    args: '<id>',
    group: LOOK,
    summary: 'The whole story of a run',
    about: 'Every step, what it saw, what it produced, which rule let it through, what it cost.',
    examples: [['run show lead-m-0c1d', 'the beginning of the id is enough']],
    load: async () => (await import('./verbs/run.ts')).runShow,
  },
  {
    words: 'why',
    args: '<id>',
    group: LOOK,
    summary: 'What a run waits for, since when, what happens next',
    about: 'In plain words, with the events that it rests on, and with what you can do. It changes nothing.',
    examples: [['why lead-m-0c1d', 'the beginning of the id is enough']],
    load: async () => (await import('./verbs/why.ts')).why,
  },
  {
    words: 'run replay',
    args: '[id]',
    group: LOOK,
    summary: 'Run the code again on the record and compare',
    about: 'Nothing is done by it and nothing is recorded; the first difference is named.',
    options: [['--all', 'every run']],
    examples: [
      ['run replay lead-m-0c1d', 'one run'],
      ['run replay --all', 'every run; exit code 1 if one differs'],
    ],
    load: async () => (await import('./verbs/run.ts')).runReplay,
  },
  ...failureVerbs(LOOK),
  {
    words: 'run cancel',
    args: '<id>',
    group: LOOK,
    summary: 'Stop a run for good',
    options: [['--reason <text>', 'why, for the record']],
    examples: [['run cancel lead-m-0c1d --reason "answered by phone"', 'its reviews are withdrawn']],
    load: async () => (await import('./verbs/run.ts')).runCancel,
  },
  {
    words: 'run fork',
    args: '<id>',
    group: LOOK,
    summary: 'Start a new run that begins as this one did',
    about: [
      'What the run had done before the operation of --from is copied and not done again; what comes after is',
      'done anew, past the policy. Without --from the whole run is: --input is then the input of the run.',
      'Values are JSON, or @ and the name of a file with JSON.',
    ].join('\n'),
    options: [
      ['--from <operation>', 'the first operation that is to go another way, such as "draft reply"'],
      ['--result <json>', 'what the code is handed for it, instead of doing it'],
      ['--input <json>', 'what it is done with: the input of an effect, the proposal of a review'],
      ['--id <id>', 'id of the new run, default made up'],
    ],
    examples: [
      ['run fork lead-m-0c1d --from "draft reply"', 'a new draft, and a new review of it'],
      ['run fork lead-m-0c1d --from "read playbook" --result @hash.json', 'as if that had been read'],
    ],
    load: async () => (await import('./verbs/run.ts')).runFork,
  },
  {
    words: 'what-if',
    group: LOOK,
    summary: 'Try a playbook, a policy, flags or new code on past runs',
    about: [
      'Decisions by rules, drafts, the answers of flags and of the policy are made anew; all else is taken from the record.',
      'Says what would be decided, proposed, done and spent otherwise, and whether a new draft is nearer to what',
      'you made of the old one. Nothing is done by it and nothing is recorded.',
    ].join('\n'),
    options: [
      ['--playbook <file>', 'this playbook in place of the one that each run began with'],
      ['--policy <file>', 'this policy in place of the one in force'],
      ['--flags <file>', 'these flags in place of those in force'],
      ['--workflow <name>', 'only runs of this workflow'],
      ['--since <age>', 'only runs that began so long ago at most, such as 30d'],
      ['--limit <n>', 'at most so many, the newest first, default 1000'],
    ],
    examples: [
      ['what-if --playbook playbooks/lead-qualification.yaml', 'your edit of the playbook, on past mail'],
      ['what-if --policy stricter.yaml --since 30d', 'what a stricter policy would have stopped'],
      ['what-if --flags wider.yaml', 'another playbook or a switch for more of the customers'],
    ],
    load: async () => (await import('./verbs/what-if.ts')).whatIf,
  },
  {
    words: 'preflight',
    group: KEEP,
    summary: 'Whether the open runs go on with the present code',
    about: [
      'Replays every run that has not ended, and names those that would break: at which step, and why.',
      'Nothing is done by it and nothing is recorded, and no run goes on. Before an update, stop `up`, put the',
      'new code in place, and ask; where a run would break, put the old code back or register it beside.',
    ].join('\n'),
    examples: [
      ['preflight', 'exit code 1 if a run would break'],
      ['preflight --json', 'for scripts: counts, groups, and each run that would break'],
    ],
    load: async () => (await import('./verbs/preflight.ts')).preflight,
  },
  ...agentVerbs(LOOK),
  ...autonomyVerbs(LOOK),
  ...flagVerbs(LOOK),
  ...policyVerbs(LOOK, KEEP),
  {
    words: 'customers',
    group: LOOK,
    summary: 'The customers, those who wrote last first',
    options: [
      ['--all', 'also machines, such as newsletters'],
      ['--limit <n>', 'at most so many, default 50'],
    ],
    examples: [['customers', 'people only']],
    load: async () => (await import('./verbs/customers.ts')).customers,
  },
  {
    words: 'customer show',
    args: '<id>',
    group: LOOK,
    summary: 'Everything about a customer',
    about: 'Every field with where it comes from, and what happened.',
    examples: [
      ['customer show ada@ek.example', 'by address, by id, or by the beginning of either or of the name'],
    ],
    load: async () => (await import('./verbs/customers.ts')).customerShow,
  },
  {
    words: 'playbook check',
    group: KEEP,
    summary: 'Whether the playbook is valid',
    about: 'Every mistake is named with its line and column.',
    examples: [['playbook check', 'exit code 78 if it is not']],
    load: async () => (await import('./verbs/files.ts')).playbookCheck,
  },
  {
    words: 'config show',
    group: KEEP,
    summary: 'What is configured',
    options: [['--origin', 'with where each value comes from']],
    examples: [
      [
        'config show --origin',
        'flag, environment, project (holdfast.yaml), user (your own file), or default',
      ],
    ],
    load: async () => (await import('./verbs/files.ts')).configShow,
  },
  ...vaultVerbs(KEEP),
  {
    words: 'doctor',
    group: KEEP,
    summary: 'Check everything, and say what to do',
    examples: [['doctor', 'exit code 1 if something fails']],
    load: async () => (await import('./verbs/doctor.ts')).doctor,
  },
  ...backupVerbs(KEEP),
  ...erasingVerbs(KEEP),
  {
    words: 'log checkpoint',
    group: KEEP,
    summary: 'The head of the log, as JSON to keep elsewhere',
    about: 'Later, `log verify --against` shows whether the log still goes on from there.',
    examples: [['log checkpoint > checkpoint.json', 'keep it where nobody who can write here can write']],
    load: async () => (await import('./verbs/log.ts')).logCheckpoint,
  },
  {
    words: 'log verify',
    group: KEEP,
    summary: 'Recompute the hash chain of the log',
    about: 'With --against, also that nothing was cut off, replaced or written anew since that checkpoint.',
    options: [['--against <file>', 'a checkpoint that was kept elsewhere; - for stdin']],
    examples: [
      ['log verify', 'exit code 1 if anything was changed'],
      ['log verify --against checkpoint.json', 'exit code 1 also if the end was cut off'],
    ],
    load: async () => (await import('./verbs/log.ts')).logVerify,
  },
  {
    words: 'log rebuild',
    group: KEEP,
    summary: 'Fold the log anew into its tables',
    options: [['--check', 'only compare; exit code 1 if they differ']],
    examples: [['log rebuild --check', 'changes nothing']],
    load: async () => (await import('./verbs/log.ts')).logRebuild,
  },
  {
    words: 'log export',
    group: KEEP,
    summary: 'The log as CloudEvents, one JSON object a line',
    options: [['--after <position>', 'only what came after this position']],
    examples: [
      ['log export > log.ndjson', 'everything'],
      ['log export --after 1200 | head -1', 'the next event'],
    ],
    load: async () => (await import('./verbs/log.ts')).logExport,
  },
  {
    words: 'connector check',
    args: '<name>',
    group: KEEP,
    summary: 'Whether a connector keeps its promises',
    about:
      'Idempotency, lookup, errors, time limits. smtp is checked with a real mail to the address of --to.',
    options: [['--to <address>', 'smtp: where the test mails go']],
    examples: [
      ['connector check maildir', 'in a folder of its own'],
      ['connector check smtp --to me@example.com', 'sends a mail to you'],
    ],
    load: async () => (await import('./verbs/connector.ts')).connectorCheck,
  },
  {
    words: 'version',
    group: KEEP,
    summary: 'The versions of Holdfast, Node and SQLite',
    examples: [['version --json', 'for scripts']],
    load: async () => (await import('./verbs/version.ts')).version,
  },
]
