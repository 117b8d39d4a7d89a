/** `holdfast vault export|import` */
import { resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { HoldfastError } from '../../../kernel/errors.ts'
import { handleOf } from '../../../ports/vault.ts'
import { carryOut } from '../route.ts'
import type { Call, VerbRun } from '../verb.ts'
import { keyNote } from '../views/vault-view.ts'
import { count } from '../views/view.ts'

export const vaultExport: VerbRun = async (call) => {
  const { args, io, out } = call
  const [file = '', ...names] = args
  const passphrase = await passphraseFor(call, true)
  if (passphrase === null) return 130
  const made = await carryOut(call, 'vault export', { file: resolve(file), names, passphrase }, io)
  if (out.json) out.document(made)
  else {
    out.text(
      `Exported: ${count(made.names.length, 'secret')} in ${made.file}: ${made.names.join(', ')}.\n` +
        'Whoever has the file and the passphrase has the secrets. Delete it when it has been imported.',
    )
  }
  return 0
}

export const vaultImport: VerbRun = async (call) => {
  const { args, io, out, options } = call
  if (options.replace === true && options.keep === true) {
    throw new HoldfastError('USAGE', 'Either --replace or --keep, not both')
  }
  const choice = options.replace === true ? 'replace' : options.keep === true ? 'keep' : 'refuse'
  const passphrase = await passphraseFor(call, false)
  if (passphrase === null) return 130
  const file = resolve(args[0] ?? '')
  const done = await carryOut(call, 'vault import', { file, passphrase, choice }, io)
  if (out.json) out.document(done)
  else {
    const lines: [string, readonly string[]][] = [
      ['Brought in', done.fresh],
      ['Replaced', done.replaced],
      ['Left as they are', done.kept],
      ['There already', done.same],
    ]
    out.text(
      lines
        .filter(([, names]) => names.length > 0)
        .map(([what, names]) => `${what}: ${names.map(handleOf).join(', ')}.`)
        .join('\n'),
    )
  }
  if (done.key.made) io.note(keyNote(done.key))
  return 0
}

/** null when the operator went away. @throws USAGE */
async function passphraseFor(call: Call, twice: boolean): Promise<string | null> {
  const given = await asked(twice)
  if (given !== null && given !== '') call.redactor.know(given, '[passphrase]')
  return given
}

async function asked(twice: boolean): Promise<string | null> {
  if (!process.stdin.isTTY) return (await textOf(process.stdin)).replace(/\r?\n$/, '')
  if (!process.stderr.isTTY) {
    throw new HoldfastError('USAGE', "The passphrase can't be asked for without a terminal", {
      fix: 'Give it on standard input.',
    })
  }
  const { password, isCancel } = await import('@clack/prompts')
  const ask = async (message: string) => await password({ message, output: process.stderr })
  const first = await ask('The passphrase')
  if (isCancel(first)) return null
  const second = twice ? await ask('Once more') : first
  if (isCancel(second)) return null
  if (first === second) return first ?? ''
  throw new HoldfastError('USAGE', 'The two are not the same')
}
