/** The help of the program as a whole: every verb in one list. */
import type { Verb } from './verb.ts'

export function rootHelp(verbs: readonly Verb[], program: string): string {
  const groups = [...new Set(verbs.map(({ group }) => group))]
  const typed = ({ words, args = '' }: Verb) => `${words} ${args}`.trim()
  const widest = Math.max(...verbs.map((verb) => typed(verb).length))
  const lines = groups.flatMap((group) => [
    `${group}:`,
    ...verbs
      .filter((verb) => verb.group === group)
      .map((verb) => `  ${typed(verb).padEnd(widest)}  ${verb.summary}`),
    '',
  ])
  return [
    `Usage: ${program} COMMAND [options]`,
    '',
    'The durable operating layer for a one-person company.',
    '',
    ...lines,
    'Everywhere:',
    `  ${'--dir DIR'.padEnd(widest)}  The workspace; else HOLDFAST_DIR, else ./workspace`,
    `  ${'--json'.padEnd(widest)}  Data as JSON on stdout`,
    `  ${'-q, --quiet'.padEnd(widest)}  Data and errors only`,
    `  ${'-h, --help'.padEnd(widest)}  Help with examples, for every command`,
    `  ${'--version'.padEnd(widest)}  The version`,
    '',
    'Begin with:',
    `  ${program} up --sample    a workspace with a sample mailbox`,
    `  ${program} inbox          what waits for your word`,
    '',
  ].join('\n')
}
