/** `holdfast run rollback` */
import type { Deed } from '../../../runtime/rollback/deeds.ts'
import type { RolledBackRun } from '../../commands/run-rollback.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { block, type View, viewOf, whatNext } from '../views/view.ts'

export const runRollback: VerbRun = async (call) => {
  const { args, out, io, options } = call
  const given = { id: args[0] ?? '', dryRun: options.dryRun === true }
  const done = await carryOut(call, 'run rollback', given, io)
  if (out.json) out.document(done)
  else out.text((done.rollback === null ? planText : doneText)(done, viewOf(call)))
  return done.status === 'failed' || done.status === 'stalled' ? 1 : 0
}

function planText({ run, plan }: RolledBackRun, view: View): string {
  const { undoable, final, unclear } = plan
  if (undoable.length + final.length + unclear.length === 0) return `There is nothing to undo of run ${run}.`
  return [
    ...listed('Would be undone, in this order', undoable, run, view),
    ...listed('Has no undo: you would be asked', final, run, view),
    ...listed('Not known whether done: you would be asked', unclear, run, view),
    ...whatNext([[view.command(`run rollback ${run}`), 'do it']], view),
  ].join('\n')
}

function listed(title: string, deeds: readonly Deed[], run: string, view: View): string[] {
  if (deeds.length === 0) return []
  const lines = deeds.flatMap(({ name, operation, run: of }) =>
    block(`“${name}” (${operation})${of === run ? '' : ` of ${of}`}`, 2, view.width),
  )
  return [view.colors.bold(title), ...lines, '']
}

function doneText({ rollback, status, undone, error }: RolledBackRun, view: View): string {
  const { green, red } = view.colors
  const head =
    status === 'completed'
      ? green(`${rollback} is completed.`)
      : error === null
        ? `${rollback} is ${status}${status === 'waiting' ? ': it waits for your word, or for a connector' : ''}.`
        : red(`${rollback} is ${status}: ${error.message}`)
  return [
    head,
    ...undone.flatMap((name) => block(name, 2, view.width)),
    '',
    ...whatNext(
      [
        [view.command(`run show ${rollback}`), 'all of it'],
        ...(status === 'waiting' ? [[view.command('inbox'), 'what it asks'] as const] : []),
      ],
      view,
    ),
  ].join('\n')
}
