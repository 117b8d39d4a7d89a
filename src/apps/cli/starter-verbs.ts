/** The verbs about what starts runs by itself. */
import type { Verb } from './verb.ts'

/** @param group the heading they stand under */
export function starterVerbs(group: string): Verb[] {
  return [
    {
      words: 'schedules',
      group,
      summary: 'What is started at fixed times, and when next',
      examples: [['schedules', 'paused ones too']],
      load: async () => (await import('./verbs/schedules.ts')).schedules,
    },
    {
      words: 'schedule pause',
      args: '<name>',
      group,
      summary: 'Start nothing by a schedule until it is resumed',
      about: 'Times that fall in between are not made up for.',
      examples: [['schedule pause daily-report', 'see the names with schedules']],
      load: async () => (await import('./verbs/schedules.ts')).schedulePause,
    },
    {
      words: 'schedule resume',
      args: '<name>',
      group,
      summary: 'Go on with a schedule, from its next time',
      examples: [['schedule resume daily-report', 'says when that is']],
      load: async () => (await import('./verbs/schedules.ts')).scheduleResume,
    },
    {
      words: 'schedule run',
      args: '<name>',
      group,
      summary: 'Start a run of a schedule now, beside its times',
      examples: [['schedule run daily-report', 'gives the id of the run']],
      load: async () => (await import('./verbs/schedules.ts')).scheduleRun,
    },
    {
      words: 'triggers',
      group,
      summary: 'What is started by events, and the events it failed on',
      examples: [['triggers', 'each with what it gathers and what it has set aside']],
      load: async () => (await import('./verbs/triggers.ts')).triggers,
    },
    {
      words: 'trigger pause',
      args: '<name>',
      group,
      summary: 'Start nothing by a trigger until it is resumed',
      about: 'What is published meanwhile is kept, and starts its runs then.',
      examples: [['trigger pause new-order', 'see the names with triggers']],
      load: async () => (await import('./verbs/triggers.ts')).triggerPause,
    },
    {
      words: 'trigger resume',
      args: '<name>',
      options: [['--skip', 'pass over what was published meanwhile, for good']],
      group,
      summary: 'Go on with a trigger, where it was paused',
      examples: [
        ['trigger resume new-order', 'what came meanwhile starts its runs now'],
        ['trigger resume new-order --skip', 'what came meanwhile starts none'],
      ],
      load: async () => (await import('./verbs/triggers.ts')).triggerResume,
    },
    {
      words: 'trigger retry',
      args: '<name> <position>',
      group,
      summary: 'Try an event again that a trigger has set aside',
      examples: [['trigger retry new-order 1207', 'after the cause was mended']],
      load: async () => (await import('./verbs/triggers.ts')).triggerRetry,
    },
  ]
}
