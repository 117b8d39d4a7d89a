/** What replaying showed. */
import { firstDifference } from '../../../runtime/replay/divergence.ts'
import type { ReplayReport } from '../../../runtime/replay/replay.ts'
import { block, count, type View } from './view.ts'

const NAMED = 20

export function replayView(reports: readonly ReplayReport[], view: View): string {
  const diverged = reports.filter(({ verdict }) => verdict === 'diverged')
  const [only] = reports
  const head =
    reports.length === 1 && only !== undefined
      ? verdictText(only)
      : `${count(reports.length, 'run')} replayed: ${reports.length - diverged.length} the same, ${diverged.length} diverged.`
  const { green, red } = view.colors
  return [
    (diverged.length > 0 ? red : green)(head),
    ...diverged.slice(0, NAMED).flatMap((report) => divergenceLines(report, view, reports.length > 1)),
    ...(diverged.length > NAMED ? [`  … and ${diverged.length - NAMED} more`] : []),
  ].join('\n')
}

function verdictText({ run, workflow, version, verdict, operations }: ReplayReport): string {
  const on = `${workflow} version ${version}, ${count(operations, 'operation')} compared, no effect performed`
  if (verdict === 'diverged') return `${run} diverged from its record (${on}).`
  const open = verdict === 'unfinished' ? ' so far; it has not ended' : ''
  return `${run} replays the same${open} (${on}).`
}

function divergenceLines({ run, divergence }: ReplayReport, view: View, named: boolean): string[] {
  if (divergence === null) return []
  const { what, recorded, present, explanation } = divergence
  const field = what === 'result' || what === 'output' ? firstDifference(recorded, present) : ''
  const where = field === '' ? '' : ` It differs in ${field}.`
  return block(`${named ? `${run}: ` : ''}${explanation}${where}`, 2, view.width)
}
