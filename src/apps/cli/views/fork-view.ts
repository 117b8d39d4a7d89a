/** What has become of a fork. */
import type { ForkedRun } from '../../commands/run-fork.ts'
import { block, count, type View, whatNext } from './view.ts'

export function forkView({ run, source, from, copied, anew, amended }: ForkedRun, view: View): string {
  const where = from === null ? 'from the start' : `from "${from}" on`
  const how = amended === null ? '' : `, with another ${amended}`
  const notes = [
    from === null
      ? 'Nothing is copied: the code begins anew.'
      : `${count(copied, 'outcome')} copied, not done again. What comes after is done anew, past the policy.`,
    ...(anew.length > 0 ? [`Open at that point, and begun anew: ${anew.join(', ')}.`] : []),
  ]
  return [
    view.colors.green(`Run ${run} goes its own way from ${source}, ${where}${how}.`),
    ...notes.flatMap((note) => block(note, 2, view.width)),
    '',
    ...whatNext([[view.command(`run show ${run}`), 'what it does']], view),
  ].join('\n')
}
