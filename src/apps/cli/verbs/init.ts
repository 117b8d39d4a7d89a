/** `holdfast init` */
import { userInfo } from 'node:os'
import { type Initialised, initWorkspace, isAddress } from '../../commands/init.ts'
import type { OwnerAnswers } from '../../config/default-config.ts'
import { isWorkspace } from '../../workspace-files.ts'
import { quoted } from '../program-name.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { keyNote } from '../views/vault-view.ts'
import { viewOf, whatNext } from '../views/view.ts'

export const init: VerbRun = async (call) => {
  const { dir, out, options } = call
  const asks = process.stdin.isTTY === true && process.stderr.isTTY === true && options.yes !== true
  const given = flagsOf(call)
  const owner = asks && !isWorkspace(dir) ? await askOwner(given) : { name: userInfo().username, ...given }
  if (owner === null) return 130
  const made = await initWorkspace(dir, owner, call.env)
  if (out.json) out.document(made)
  else out.text(madeText(made, owner, call))
  if (made.key?.made) call.io.note(keyNote(made.key))
  return 0
}

function flagsOf(call: Call): OwnerAnswers {
  const name = textOption(call, 'name')
  const business = textOption(call, 'business')
  const region = textOption(call, 'region')
  const addresses = call.options.address as readonly string[] | undefined
  return {
    ...(name === undefined ? {} : { name }),
    ...(business === undefined ? {} : { business }),
    ...(region === undefined ? {} : { region }),
    ...(addresses === undefined
      ? {}
      : { addresses: addresses.map((address) => address.trim().toLowerCase()) }),
  }
}

/** Asks for what the flags do not say; null when the operator went away. */
async function askOwner(given: OwnerAnswers): Promise<OwnerAnswers | null> {
  const { text, isCancel } = await import('@clack/prompts')
  const output = process.stderr
  const answers: { -readonly [Key in keyof OwnerAnswers]: OwnerAnswers[Key] } = { ...given }
  if (given.name === undefined) {
    const name = await text({
      message: 'Your name, as it stands under your mails',
      validate: notEmpty,
      output,
    })
    if (isCancel(name)) return null
    answers.name = name.trim()
  }
  if (given.addresses === undefined) {
    const address = await text({ message: 'Your mail address', validate: anAddress, output })
    if (isCancel(address)) return null
    answers.addresses = [address.trim().toLowerCase()]
  }
  if (given.business === undefined) {
    const business = await text({ message: 'The name of your business (may be empty)', output })
    if (isCancel(business)) return null
    answers.business = (business ?? '').trim()
  }
  if (given.region === undefined) {
    const message = 'Your country, as two letters (for phone numbers)'
    const region = await text({ message, initialValue: 'US', validate: aRegion, output })
    if (isCancel(region)) return null
    answers.region = region.trim().toUpperCase()
  }
  return answers
}

const notEmpty = (value = '') => (value.trim() === '' ? 'Please type something.' : undefined)
const anAddress = (value = '') => (isAddress(value.trim()) ? undefined : 'Such as you@example.com.')
const aRegion = (value = '') => (/^[a-z]{2}$/i.test(value.trim()) ? undefined : 'Two letters, such as SE.')

function madeText({ dir, written, inbox }: Initialised, owner: OwnerAnswers, call: Call): string {
  const { bold } = call.out.colors
  const head =
    written.length === 0
      ? `${dir} is a workspace already; nothing was changed.`
      : `${bold('Made a workspace')} in ${dir}:`
  const lines = [head, ...written.map((file) => `  ${file}`)]
  if (written.length > 0 && (owner.addresses ?? []).length === 0) {
    lines.push(
      '',
      'owner.addresses is empty: set your mail address in holdfast.yaml before you send anything.',
    )
  }
  const next: [string, string][] = [
    ...(inbox === null
      ? []
      : ([[`cp MAIL.eml ${quoted(`${inbox}/new/`)}`, 'deliver mail; or let your mail program do it']] as [
          string,
          string,
        ][])),
    [call.command('ingest FILE…'), 'or take in mail from files'],
    [call.command('up'), 'serve the workspace'],
    [call.command('doctor'), 'check everything'],
  ]
  return [...lines, '', ...whatNext(next, viewOf(call))].join('\n')
}
