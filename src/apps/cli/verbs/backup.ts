/** `holdfast backup`, `holdfast backups`, `holdfast backup destroy`, `holdfast restore` */
import { resolve } from 'node:path'
import type { Environment } from '../../../adapters/system/environment.ts'
import { vaultWithoutLog } from '../../../adapters/vault/vault.ts'
import { HoldfastError } from '../../../kernel/errors.ts'
import { restore as restoreBackup } from '../../../sdk.ts'
import { keyFinder } from '../../backups/backups.ts'
import { eraseAgain } from '../../erasure/erase-again.ts'
import { WORKSPACE_PROJECTIONS } from '../../log-only.ts'
import { carryOut } from '../route.ts'
import { type Call, textOption, type VerbRun } from '../verb.ts'
import { backupsView, keyWords } from '../views/backups-view.ts'
import { count, viewOf, whatNext } from '../views/view.ts'

export const backup: VerbRun = async (call) => {
  const { out, io, args } = call
  const made = await carryOut(call, 'backup', { to: resolve(args[0] ?? ''), ...keepOf(call) }, io)
  if (out.json) out.document(made)
  else {
    const { to, files, checkpoint } = made
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`
    out.text(
      `${out.colors.green('Backed up')}: ${count(checkpoint.position, 'event')}, ${count(files.length, 'file')}, ${size} in ${to}\n` +
        `Head: ${checkpoint.position} ${checkpoint.hash}`,
    )
    if (made.sealed !== null) out.text(keyWords(made.id, made.sealed, call.dir))
  }
  return 0
}

/** Of --keep and --plain. @throws USAGE for both */
function keepOf(call: Call): { keep?: string | null } {
  const keep = textOption(call, 'keep')
  if (call.options.plain !== true) return keep === undefined ? {} : { keep }
  if (keep === undefined) return { keep: null }
  throw new HoldfastError('USAGE', 'A plain copy has no key to keep: give --keep or --plain, not both')
}

export const backups: VerbRun = async (call) => {
  const { out, io } = call
  const rows = await carryOut(call, 'backups', {}, io)
  if (out.json) out.document(rows)
  else out.text(backupsView(rows, viewOf(call)))
  return 0
}

export const backupDestroy: VerbRun = async (call) => {
  const { out, io, args, options } = call
  if (options.yes !== true) {
    throw new HoldfastError('USAGE', 'A destroyed key can not be brought back: say --yes, if it is meant')
  }
  const destroyed = await carryOut(call, 'backup destroy', { id: args[0] ?? '' }, io)
  if (out.json) out.document(destroyed)
  else out.text(`The key of ${destroyed.id} is destroyed: nobody can read ${destroyed.to} any more.`)
  return 0
}

export const restore: VerbRun = async (call) => {
  const { out, io, args, dir, env } = call
  const from = resolve(args[0] ?? '')
  const lists = ((call.options.erasures as readonly string[] | undefined) ?? []).map((path) => resolve(path))
  const keys = textOption(call, 'keys')
  let erased = 0
  const restored = await restoreBackup(from, dir, {
    projections: WORKSPACE_PROJECTIONS,
    async prepare(place) {
      erased = await eraseAgain(place, from, lists)
    },
    signal: io.signal,
    progress: io.progress,
    keyOf: keyFinder({ from, env, keys: keys === undefined ? undefined : resolve(keys) }),
  })
  const vault = await lockOf(dir, env)
  if (out.json) {
    out.document({ ...restored, erased, vault })
    return 0
  }
  const { checkpoint, files, rebuilt } = restored
  const lines = [
    `${out.colors.green('Restored and verified')}: ${count(checkpoint.position, 'event')} up to ${checkpoint.time}, ${count(files, 'file')} in ${dir}`,
    `Erased again: ${count(erased, 'customer')} who ${erased === 1 ? 'was' : 'were'} erased after the backup was made.`,
    `Made anew from the log: ${rebuilt.join(', ')}.`,
    'What happened later is not in it. Before an older run sends or does anything, it is looked up whether that was done; where that can not be told, you are asked.',
  ]
  out.text(lines.filter((_, i) => (i !== 1 || erased > 0) && (i !== 2 || rebuilt.length > 0)).join('\n'))
  if (vault !== null) out.text(lockText(vault))
  out.text(
    `\n${whatNext(
      [
        [call.command('doctor'), 'whether all is in order'],
        [call.command('up'), 'goes on from there; not beside the old one'],
      ],
      viewOf(call),
    ).join('\n')}`,
  )
  return 0
}

/** What a restored vault needs; null for one without secrets. */
interface Lock {
  readonly secrets: number
  /** Fingerprint of the master key. */
  readonly key: string
  /** Where the key was found; null when it was not. */
  readonly found: string | null
}

async function lockOf(dir: string, env: Environment): Promise<Lock | null> {
  const vault = await vaultWithoutLog({ dir, env })
  const key = await vault.keyInUse()
  const { length: secrets } = await vault.list()
  if (key === null || secrets === 0) return null
  const found = await vault.prepare().then(
    ({ where }) => where,
    () => null,
  )
  return { secrets, key, found }
}

function lockText({ secrets, key, found }: Lock): string {
  const what = `${count(secrets, 'secret')} came along, sealed with the master key ${key}`
  if (found !== null) return `${what}, which is in ${found}.`
  return (
    `${what}, which is not in a backup and was not found here. Bring its file back from your copy and name it with ` +
    'HOLDFAST_VAULT_KEY_FILE; until then what needs a secret waits.'
  )
}
