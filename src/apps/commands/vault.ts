/** `vault list|set|rotate|remove`: the values go in and never come out. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { ChangedSecret, ListedSecret } from '../../policy/secrets.ts'
import type { SecretEntry, VaultKeyChange } from '../../ports/vault.ts'
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
