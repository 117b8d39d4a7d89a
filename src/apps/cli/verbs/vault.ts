/** `holdfast vault set|list|remove|rotate` */
import { resolve } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { HoldfastError } from '../../../kernel/errors.ts'
import { checkSecretName, handleOf, SHORTEST_REDACTED } from '../../../ports/vault.ts'
import { loadConfig } from '../../config/config.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { keyNote, vaultView } from '../views/vault-view.ts'
import { viewOf } from '../views/view.ts'

export const vaultSet: VerbRun = async (call) => await change(call, 'vault set', 'was set')

export const vaultRotate: VerbRun = async (call) => {
  const { args, io, out } = call
  if (args[0] !== undefined) return await change(call, 'vault rotate', 'was rotated')
  const given = textOption(call, 'keyFile')
  const keyFile = given === undefined ? undefined : resolve(given)
  const changed = await carryOut(call, 'vault rekey', { keyFile }, io)
  if (out.json) out.document(changed)
  else {
    const { from, to, secrets, where } = changed
    out.text(
      `Sealed anew: ${secrets === 1 ? '1 secret' : `${secrets} secrets`}, with the master key ${to}.\n` +
        `The key is in ${where}. Keep a copy of it apart from the workspace and its backups.\n` +
        `The old key ${from} stays where it was: backups made before need it. Delete it when there are none.`,
    )
  }
  return 0
}

export const vaultList: VerbRun = async (call) => {
  const { dir, env, io, out } = call
  const secrets = await carryOut(call, 'vault list', {}, io)
  const loaded = await loadConfig({ dir, env }).catch(() => null)
  const sources = Object.values(loaded?.secrets ?? {})
  const listed = secrets.map((secret) => ({
    ...secret,
    handle: handleOf(secret.name),
    namedIn: sources.flatMap(({ handle, where }) => (handle === handleOf(secret.name) ? (where ?? []) : [])),
  }))
  if (out.json) out.document(listed)
  else out.text(vaultView(listed, viewOf(call)))
  return 0
}

export const vaultRemove: VerbRun = async (call) => {
  const { args, io, out } = call
  const removed = await carryOut(call, 'vault remove', { name: args[0] ?? '' }, io)
  if (out.json) out.document(removed)
  else out.text(`${handleOf(removed.name)} was removed. Backups made before still hold it, sealed.`)
  return 0
}

async function change(call: Call, name: 'vault set' | 'vault rotate', done: string): Promise<number> {
  const { args, io, out, redactor } = call
  const secret = args[0] ?? ''
  checkSecretName(secret)
  const value = await readValue(secret)
  if (value === null) return 130
  redactor.know(value, handleOf(secret))
  const changed = await carryOut(call, name, { name: secret, value }, io)
  if (out.json) out.document(changed)
  else out.text(`${handleOf(secret)} ${done}: version ${changed.version}.`)
  if (changed.key.made) io.note(keyNote(changed.key))
  if (value.length < SHORTEST_REDACTED) {
    io.note(
      `It is shorter than ${SHORTEST_REDACTED} characters: it is not looked for in what is written and shown.`,
    )
  }
  return 0
}

/** null when the operator went away. */
async function readValue(name: string): Promise<string | null> {
  if (!process.stdin.isTTY) return (await textOf(process.stdin)).replace(/\r?\n$/, '')
  if (!process.stderr.isTTY) throw noTerminal(name)
  const { password, isCancel } = await import('@clack/prompts')
  const value = await password({ message: `The value of ${handleOf(name)}`, output: process.stderr })
  return isCancel(value) ? null : (value ?? '')
}

function noTerminal(name: string): HoldfastError {
  return new HoldfastError('USAGE', `The value of ${handleOf(name)} can't be asked for without a terminal`, {
    fix: `Give it on standard input: \`holdfast vault set ${name} < FILE\`.`,
  })
}
