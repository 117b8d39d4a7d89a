/** `holdfast playbook check`, `holdfast config show`: the files that the operator edits. */
import { checkPlaybook } from '../../commands/playbook-check.ts'
import { loadConfig } from '../../config/config.ts'
import { assertWorkspace } from '../../workspace-files.ts'
import type { VerbRun } from '../verb.ts'
import { count, table, viewOf } from '../views/view.ts'

export const playbookCheck: VerbRun = async ({ dir, out }) => {
  assertWorkspace(dir)
  const checked = await checkPlaybook(dir)
  if (out.json) out.document(checked)
  else {
    const { file, criteria, replies, languages } = checked
    const what = `${criteria} criteria, ${count(replies, 'reply text')}, in ${languages.join(', ')}`
    out.text(`${out.colors.green('Valid')}: ${file} (${what})`)
  }
  return 0
}

export const configShow: VerbRun = async (call) => {
  const { dir, dirSetting, env, out, options } = call
  assertWorkspace(dir)
  const { settings, secrets } = await loadConfig({ dir, env })
  const all = { dir: dirSetting, ...settings }
  if (out.json) {
    const values = Object.fromEntries(Object.entries(all).map(([key, { value }]) => [key, value]))
    out.document({ settings: options.origin === true ? all : values, secrets })
    return 0
  }
  const rows = Object.entries(all).map(([key, { value, origin, where }]) => {
    const from = where === null ? origin : `${origin}: ${where}`
    return [key, JSON.stringify(value), ...(options.origin === true ? [from] : [])]
  })
  const secretRows = Object.entries(secrets).map(([name, { set, where }]) => {
    const from = where === null ? '' : where
    return [name, set ? '(set, not shown)' : '(not set)', ...(options.origin === true ? [from] : [])]
  })
  const columns = [
    { title: 'SETTING' },
    { title: 'VALUE', gives: 2 },
    ...(options.origin === true ? [{ title: 'FROM', gives: 1 }] : []),
  ]
  out.text(table(columns, [...rows, ...secretRows], viewOf(call)).join('\n'))
  return 0
}
