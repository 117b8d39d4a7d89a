/** The verbs about autonomy. */
import type { Verb } from './verb.ts'

const SEGMENT = ['--segment <name>', 'only for a segment of the customers, default all'] as const
const REASON = ['--reason <text>', 'why, for the record'] as const

/** @param group the heading they stand under */
export function autonomyVerbs(group: string): Verb[] {
  return [
    {
      words: 'autonomy',
      group,
      summary: 'How far each agent may go without you, and what is missing',
      about: [
        '  off      proposes nothing',
        '  shadow   proposes, does nothing, and is compared with what you do',
        '  review   you answer each',
        '  sampled  a good part is put to you',
        '  auto     a few are, as random audits',
        'A level is offered when your answers show that errors are rare enough, and lost when they are not.',
      ].join('\n'),
      options: [['--calibration', 'what the confidence of each agent is worth']],
      examples: [
        ['autonomy', 'levels, bounds of the rate of errors, offers'],
        ['autonomy --calibration --json', 'the data of reliability diagrams'],
      ],
      load: async () => (await import('./verbs/autonomy.ts')).autonomy,
    },
    {
      words: 'autonomy set',
      args: '<agent> <action> [to]',
      group,
      summary: 'Set a level, or how high it may rise, on your own word',
      about: 'What can not be taken back stays at review until you raise its ceiling.',
      options: [['--ceiling <level>', 'the highest level it may have'], SEGMENT, REASON],
      examples: [
        ['autonomy set lead-qualification send-reply review', 'back to reviewing each'],
        ['autonomy set lead-qualification send-reply --ceiling sampled', 'it may rise so far'],
      ],
      load: async () => (await import('./verbs/autonomy.ts')).autonomySet,
    },
    {
      words: 'autonomy accept',
      args: '<agent> <action>',
      group,
      summary: 'Take the level that is offered',
      options: [SEGMENT],
      examples: [['autonomy accept lead-qualification send-reply', 'from review to sampled']],
      load: async () => (await import('./verbs/autonomy.ts')).autonomyAccept,
    },
    {
      words: 'autonomy decline',
      args: '<agent> <action>',
      group,
      summary: 'Refuse it; the count of answers begins anew',
      options: [SEGMENT, REASON],
      examples: [
        ['autonomy decline lead-qualification send-reply --reason "not in the busy season"', 'stays'],
      ],
      load: async () => (await import('./verbs/autonomy.ts')).autonomyDecline,
    },
    {
      words: 'autonomy demote',
      args: '<agent> <action>',
      group,
      summary: 'Review each again, from now on',
      options: [SEGMENT, REASON],
      examples: [['autonomy demote lead-qualification send-reply --reason "new prices"', 'at once']],
      load: async () => (await import('./verbs/autonomy.ts')).autonomyDemote,
    },
    {
      words: 'autonomy compare',
      args: '<review>',
      group,
      summary: 'Say what you did where a proposal was made in shadow',
      options: [
        ['--same', 'what was proposed'],
        ['--nothing', 'nothing'],
        ['--set <field=value...>', 'something else: a field that was different'],
      ],
      examples: [
        ['autonomy compare r-5f2c81aa --same', 'it counts as right'],
        ['autonomy compare r-5f2c81aa --set "subject=Re: Your website"', 'it counts by how much differs'],
      ],
      load: async () => (await import('./verbs/autonomy.ts')).autonomyCompare,
    },
    {
      words: 'anomalies',
      args: '[agent]',
      group,
      summary: 'What agents did that is far from their own past',
      about: [
        'An agent is compared with its own past. What is far from it brings its levels back to review; what is',
        'farther puts it in quarantine: nothing that it does leaves without you, and no model is asked.',
      ].join('\n'),
      options: [
        ['--all', 'those that you have lifted, too'],
        ['--normal', 'what is normal for each agent, and from where on it would be told'],
      ],
      examples: [
        ['anomalies', 'what holds now'],
        ['anomalies --normal lead-qualification', 'what is usual, and the limits'],
      ],
      load: async () => (await import('./verbs/anomalies.ts')).anomalies,
    },
    {
      words: 'anomaly lift',
      args: '<agent>',
      group,
      summary: 'Say that it is well: the agent leaves quarantine',
      about:
        'Its count begins anew. Levels that were lowered stay so until you set them, or they are earned again.',
      options: [REASON],
      examples: [['anomaly lift newsletter --reason "the new list"', 'what was found is lifted']],
      load: async () => (await import('./verbs/anomalies.ts')).anomalyLift,
    },
  ]
}
