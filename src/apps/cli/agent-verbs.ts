/** The verbs about agents. */
import type { Verb } from './verb.ts'

/** @param group the heading they stand under */
export function agentVerbs(group: string): Verb[] {
  return [
    {
      words: 'agents',
      group,
      summary: 'The agents, what waits for them, and what was set aside',
      examples: [['agents', 'each with its instances and its lifecycle']],
      load: async () => (await import('./verbs/agents.ts')).agents,
    },
    {
      words: 'agent show',
      args: '<name> [key]',
      group,
      summary: 'An agent with its instances, or the state of one of them',
      options: [['--limit <n>', 'at most so many instances, default 20']],
      examples: [
        ['agent show onboarding', 'its instances, and the events that it could not handle'],
        ['agent show onboarding customer-42', 'the state of one instance'],
      ],
      load: async () => (await import('./verbs/agents.ts')).agentShow,
    },
    {
      words: 'agent pause',
      args: '<name> [key]',
      group,
      summary: 'Let an agent, or one instance, handle nothing for now',
      about: 'What comes for it waits. What is being handled goes on.',
      options: [['--reason <text>', 'why, for the record']],
      examples: [['agent pause onboarding --reason "new terms next week"', 'until it is resumed']],
      load: async () => (await import('./verbs/agents.ts')).agentPause,
    },
    {
      words: 'agent resume',
      args: '<name> [key]',
      group,
      summary: 'Let an agent, or one instance, go on',
      about: 'What waited is handled; instances whose state did not fit the code are tried again.',
      examples: [['agent resume onboarding', 'after a pause, a drain or a quarantine']],
      load: async () => (await import('./verbs/agents.ts')).agentResume,
    },
    {
      words: 'agent drain',
      args: '<name>',
      group,
      summary: 'Let an agent handle what has come, and take nothing new',
      options: [['--reason <text>', 'why, for the record']],
      examples: [['agent drain onboarding', 'what comes later waits until it is resumed']],
      load: async () => (await import('./verbs/agents.ts')).agentDrain,
    },
    {
      words: 'agent quarantine',
      args: '<name> [key]',
      group,
      summary: 'Stop an agent, or an instance, that does something wrong',
      options: [['--reason <text>', 'what is wrong, for the record']],
      examples: [['agent quarantine onboarding --reason "welcomes everybody twice"', 'until it is resumed']],
      load: async () => (await import('./verbs/agents.ts')).agentQuarantine,
    },
    {
      words: 'agent retire',
      args: '<name>',
      group,
      summary: 'Have an agent handle nothing more, for good',
      about: 'What waits for it is never handled. States can still be read; what is being handled goes on.',
      options: [['--reason <text>', 'why, for the record']],
      examples: [['agent retire onboarding', 'there is no way back']],
      load: async () => (await import('./verbs/agents.ts')).agentRetire,
    },
    {
      words: 'agent retry',
      args: '<name> <key> <position>',
      group,
      summary: 'Handle an event again that was set aside',
      about: 'It comes next in its turn, against the present state of the instance.',
      examples: [['agent retry onboarding customer-42 1207', 'after the cause was mended']],
      load: async () => (await import('./verbs/agents.ts')).agentRetry,
    },
  ]
}
