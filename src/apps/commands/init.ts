/** `init`: makes a workspace, or completes one. */
import { join } from 'node:path'
import type { Environment } from '../../adapters/system/environment.ts'
import { VAULT_FILE, vaultWithoutLog } from '../../adapters/vault/vault.ts'
import { makeFolder } from '../../connectors/maildir/durable-file.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import type { VaultKey } from '../../ports/vault.ts'
import { loadConfig } from '../config/config.ts'
import type { OwnerAnswers } from '../config/default-config.ts'
import { resolveInWorkspace } from '../config/paths.ts'
import { createWorkspace } from '../workspace-files.ts'

export interface Initialised {
  readonly dir: string
  /** The files that were written; none when all were there. */
  readonly written: readonly string[]
  /** Where mail is to be delivered; null for nowhere. */
  readonly inbox: string | null
  /** The master key of the vault; null when there was a vault already. */
  readonly key: VaultKey | null
}

/** @throws INPUT_INVALID before anything is written; VAULT_KEY_MISSING, VAULT_KEY_INVALID */
export async function initWorkspace(
  dir: string,
  owner: OwnerAnswers,
  env: Environment,
): Promise<Initialised> {
  for (const address of owner.addresses ?? []) {
    if (!isAddress(address)) throw invalid('--address', address, 'a mail address')
  }
  if (owner.region !== undefined && !/^[A-Z]{2}$/.test(owner.region)) {
    throw invalid('--region', owner.region, 'a country code of two capital letters, such as SE')
  }
  const written = await createWorkspace(dir, owner)
  const { config } = await loadConfig({ dir, env: {} })
  const { maildir } = config.mail.in
  const inbox = maildir === null ? null : resolveInWorkspace(dir, maildir)
  if (inbox !== null) for (const part of ['tmp', 'new', 'cur']) await makeFolder(join(inbox, part))
  const vault = await vaultWithoutLog({ dir, env })
  const key = (await vault.keyInUse()) === null ? await vault.prepare() : null
  return { dir, written: key === null ? written : [...written, VAULT_FILE], inbox, key }
}

export function isAddress(text: string): boolean {
  return /^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+$/.test(text)
}

function invalid(flag: string, value: string, what: string): HoldfastError {
  return new HoldfastError('INPUT_INVALID', `${flag} ${JSON.stringify(value)} is not ${what}`, {
    details: { flag, value },
  })
}
