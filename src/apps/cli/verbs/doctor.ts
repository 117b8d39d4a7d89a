/** `holdfast doctor` */
import { type DoctorRow, doctor as examine } from '../../commands/doctor.ts'
import { runningProcess } from '../client.ts'
import { asTyped } from '../program-name.ts'
import { carryOut } from '../route.ts'
import type { VerbRun } from '../verb.ts'
import { block, pad, type View, viewOf } from '../views/view.ts'

export const doctor: VerbRun = async (call) => {
  const { dir, env, out, io } = call
  const rows = await examine({
    dir,
    env,
    running: () => runningProcess(dir),
    inspect: () => carryOut(call, 'inspect', {}, io),
  })
  if (out.json) out.document(rows)
  else out.text(doctorText(rows, viewOf(call)))
  return rows.some(({ ok }) => ok === false) ? 1 : 0
}

const LABEL = 15
const INDENT = 6 + LABEL

function doctorText(rows: readonly DoctorRow[], view: View): string {
  const { green, yellow, red, bold, dim } = view.colors
  const marks = { true: green('ok  '), warn: yellow('look'), false: red('BAD ') }
  const lines = rows.flatMap(({ check, ok, detail, fix }) => {
    const [first = '', ...more] = detail.split('\n').flatMap((line) => block(line, INDENT, view.width))
    const head = `${marks[String(ok) as keyof typeof marks]}  ${bold(pad(check, LABEL))}${first.slice(INDENT)}`
    const advice = fix === '' ? [] : block(`→ ${asTyped(fix, view.command)}`, INDENT, view.width).map(dim)
    return [head, ...more, ...advice]
  })
  const bad = rows.filter(({ ok }) => ok === false).length
  return [
    ...lines,
    '',
    bad === 0 ? green('Nothing is broken.') : red(`${bad} of ${rows.length} checks failed.`),
  ].join('\n')
}
