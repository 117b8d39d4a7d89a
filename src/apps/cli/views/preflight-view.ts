/** What would become of the open runs: counts, then each way to break with how many it concerns. */
import type { PreflightGroup, PreflightReport } from '../../../runtime/replay/preflight.ts'
import { block, count, type View, whatNext } from './view.ts'

const NAMED = 20

export function preflightView(report: PreflightReport, view: View): string {
  const { checked, safe, changed, broken, groups } = report
  const { green, red, dim } = view.colors
  if (checked === 0) return green('No run is open: nothing can break.')
  const differ = changed === 0 ? '' : `, ${changed} of them on what is on record though the code has changed`
  const head = `${count(checked, 'open run')} replayed: ${safe} would go on${differ}; ${broken} would break.`
  const [first] = groups
  if (first === undefined) return green(head)
  return [
    red(head),
    ...groups.slice(0, NAMED).flatMap((group) => groupLines(group, view)),
    ...(groups.length > NAMED ? [dim(`  … and ${groups.length - NAMED} more ways; --json has them`)] : []),
    '',
    ...whatNext(
      [
        [view.command(`run show ${first.example}`), 'what one of them has done so far'],
        [view.command('preflight --json'), 'all of them, for scripts'],
      ],
      view,
    ),
  ].join('\n')
}

function groupLines(
  { workflow, version, operation, explanation, runs, example }: PreflightGroup,
  view: View,
) {
  const where = operation === null ? '' : ` at "${operation}"`
  const which = runs === 1 ? example : `${runs} runs, such as ${example}`
  return [
    '',
    ...block(`${workflow} version ${version}${where}: ${which}`, 2, view.width),
    ...block(explanation, 4, view.width),
  ]
}
