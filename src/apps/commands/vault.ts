/** `vault list|set|rotate|remove|export|import`: the values go in and never come out, but sealed into a file. */
import { readFile, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { systemClock } from '../../adapters/system/clock.ts'
import { replaceFile } from '../../adapters/system/durable-file.ts'
import { checkPassphrase, openExport, sealExport } from '../../adapters/vault/exchange.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { ImportPlan } from '../../policy/secret-import.ts'
import type { ChangedSecret, ListedSecret } from '../../policy/secrets.ts'
import type { SecretEntry, VaultKey, VaultKeyChange } from '../../ports/vault.ts'
import { logCommand } from './command.ts'

const named = z.strictObject({ name: z.string() })
const valued = z.strictObject({ name: z.string(), value: z.string() })

export const vaultList = logCommand({
  name: 'vault list',
  params: z.strictObject({}),
  /** @throws VAULT_INVALID */
  async run({ secrets }): Promise<ListedSecret[]> {
    return await secrets.list()
  },
})

export const vaultSet = logCommand({
  name: 'vault set',
  params: valued,
  /** @throws SECRET_INVALID, VAULT_* */
  async run({ secrets }, { name, value }): Promise<ChangedSecret> {
    return await secrets.set(name, value)
  },
})

export const vaultRotate = logCommand({
  name: 'vault rotate',
  params: valued,
  /** @throws SECRET_UNKNOWN, SECRET_INVALID, VAULT_* */
  async run({ secrets }, { name, value }): Promise<ChangedSecret> {
    return await secrets.rotate(name, value)
  },
})

export const vaultRemove = logCommand({
  name: 'vault remove',
  params: named,
  /** @throws SECRET_UNKNOWN, VAULT_INVALID */
  async run({ secrets }, { name }): Promise<SecretEntry> {
    return await secrets.remove(name)
  },
})

export const vaultRekey = logCommand({
  name: 'vault rekey',
  params: z.strictObject({
    /** File with the key to change over to, as an absolute path. Default: a new key is made. */
    keyFile: z.string().refine(isAbsolute, { error: 'must be an absolute path' }).optional(),
  }),
  /** @throws VAULT_*, USAGE */
  async run({ secrets }, { keyFile }): Promise<VaultKeyChange> {
    return await secrets.rotateKey({ keyFile })
  },
})

const file = z.string().refine(isAbsolute, { error: 'must be an absolute path' })

/** What took a secret out, as it stands on record. */
const BY = 'vault.export'

export interface ExportedSecrets {
  readonly file: string
  readonly names: readonly string[]
}

export const vaultExport = logCommand({
  name: 'vault export',
  params: z.strictObject({
    file,
    /** Default: all. */
    names: z.array(z.string()),
    passphrase: z.string(),
  }),
  /** @throws FILE_EXISTS, INPUT_INVALID for a short passphrase, SECRET_UNKNOWN, VAULT_* */
  async run({ log, secrets }, { file: to, names: given, passphrase }): Promise<ExportedSecrets> {
    checkPassphrase(passphrase)
    if ((await stat(to).catch(() => null)) !== null) {
      throw new HoldfastError('FILE_EXISTS', `${to} is there already`, { details: { path: to } })
    }
    const names = given.length > 0 ? [...new Set(given)] : (await secrets.list()).map(({ name }) => name)
    if (names.length === 0)
      throw new HoldfastError('SECRET_UNKNOWN', 'The vault is empty: nothing is exported')
    const carried: { name: string; value: string }[] = []
    for (const name of names) carried.push({ name, value: await secrets.reveal(name, BY) })
    await replaceFile(to, await sealExport(carried, passphrase, { from: log.id, now: systemClock().now() }))
    await secrets.exported(names)
    return { file: to, names }
  },
})

export type ImportedSecrets = ImportPlan & {
  readonly key: VaultKey
  /** Id of the log of the workspace that they come from, and when they left it. */
  readonly from: string
  readonly made: string
}

export const vaultImport = logCommand({
  name: 'vault import',
  params: z.strictObject({
    file,
    passphrase: z.string(),
    choice: z.enum(['refuse', 'keep', 'replace']),
  }),
  /** @throws EXPORT_NOT_OPENED, FILE_UNREADABLE, SECRET_CONFLICT, SECRET_INVALID, VAULT_* */
  async run({ secrets }, { file: path, passphrase, choice }): Promise<ImportedSecrets> {
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new HoldfastError('FILE_UNREADABLE', `${path} can't be read (${cause.code})`, {
        details: { path },
      })
    })
    const { from, made, secrets: brought } = await openExport(text, passphrase, path)
    return { from, made, ...(await secrets.bringIn(brought, { from, choice })) }
  },
})
