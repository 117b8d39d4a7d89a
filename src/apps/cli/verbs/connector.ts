/** `holdfast connector check NAME` */
import { checkConnectorNamed } from '../../commands/connector-check.ts'
import { textOption, type VerbRun } from '../verb.ts'
import { block, viewOf } from '../views/view.ts'

export const connectorCheck: VerbRun = async (call) => {
  const { args, dir, env, out, redactor } = call
  const to = textOption(call, 'to')
  const told = await checkConnectorNamed({ name: args[0] ?? '', dir, env, to, redactor })
  // Before lines are wrapped: a secret with a blank in it would be broken in two.
  const report = redactor.json(told)
  if (out.json) out.document(report)
  else {
    const { green, red, dim } = out.colors
    const { width } = viewOf(call)
    const lines = report.rows.flatMap(({ check, ok, detail }) => [
      `${ok ? green('ok  ') : red('BAD ')}  ${check}`,
      ...block(detail, 6, width, 2).map(dim),
    ])
    const unchecked = report.unchecked.map((what) => dim(`look  not checked: ${what}`))
    const verdict = report.ok
      ? green(`${report.connector} keeps its promises.`)
      : red(`${report.connector} does not.`)
    out.text([...lines, ...unchecked, '', verdict].join('\n'))
  }
  return report.ok ? 0 : 1
}
