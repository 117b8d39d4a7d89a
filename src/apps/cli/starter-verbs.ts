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
  ]
}
