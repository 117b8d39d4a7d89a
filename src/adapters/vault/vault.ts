/**
 * The vault as one file of the workspace, `vault.json`, which is replaced whole. It holds envelopes, never a value
 * and never the master key; it may be copied with the workspace.
 *
 *   crash before the file is replaced    the old secrets, under the old key
 *   crash after it                       the new ones, under the key that was put down before
 *
 * Who writes holds the log, so there is one writer. It is read anew at each question: whoever only reads, such as
 * `config show`, sees what is there now.
 *
 * Why: docs/decisions/0043-a-vault-of-envelopes.md
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HoldfastError } from '../../kernel/errors.ts'
import { crashPoint } from '../../ports/crash-points.ts'
import {
  checkSecretName,
  checkSecretValue,
  handleOf,
  type OpenVault,
  type SecretEntry,
  type Vault,
  type VaultKey,
} from '../../ports/vault.ts'
import { replaceFile } from '../system/durable-file.ts'
import type { Environment } from '../system/environment.ts'
import { envelopeSchema, reseal, seal, unseal } from './envelope.ts'
import { type MasterKey, MasterKeys } from './master-keys.ts'

export const VAULT_FILE = 'vault.json'

export interface FileVaultOptions {
  /** The workspace. */
  readonly dir: string
  /** Names the master key: master-keys.ts says how. */
  readonly env: Environment
}

const vaultSchema = z.strictObject({
  format: z.literal(1),
  /** Id of the log of the workspace; null before the first secret. For whoever opens the vault without the log. */
  workspace: z.string().nullable(),
  /** Fingerprint of the master key. */
  key: z.string(),
  secrets: z.record(
    z.string(),
    z.strictObject({
      version: z.int().min(1),
      set: z.int(),
      /** null for a secret that was removed: its next version goes on from here. */
      envelope: envelopeSchema.nullable(),
    }),
  ),
})

type VaultContent = z.output<typeof vaultSchema>

export function fileVault(options: FileVaultOptions): OpenVault {
  return (workspace) => new FileVault(options, workspace)
}

/** The vault of a workspace whose log is not at hand: for looking only. */
export async function vaultWithoutLog(options: FileVaultOptions): Promise<Vault> {
  return new FileVault(options, (await readVault(options.dir))?.workspace ?? 'none yet')
}

/** The file that the master key is looked for in; null when it is in none, or there is no vault. */
export async function keyFileOf({ dir, env }: FileVaultOptions): Promise<string | null> {
  const content = await readVault(dir)
  return content === null ? null : new MasterKeys(env).fileOf(content.key)
}

/**
 * The master key of a vault, for what is sealed beside it; made where none is given and none is in use.
 * @throws VAULT_KEY_MISSING, VAULT_KEY_INVALID, VAULT_INVALID
 */
export async function masterKeyOf(options: FileVaultOptions): Promise<MasterKey> {
  const { fingerprint } = await (await vaultWithoutLog(options)).prepare()
  return await new MasterKeys(options.env).find(fingerprint)
}

class FileVault implements Vault {
  readonly #dir: string
  readonly #workspace: string
  readonly #keys: MasterKeys

  constructor({ dir, env }: FileVaultOptions, workspace: string) {
    this.#dir = dir
    this.#workspace = workspace
    this.#keys = new MasterKeys(env)
  }

  async keyInUse(): Promise<string | null> {
    return (await readVault(this.#dir))?.key ?? null
  }

  async prepare(): Promise<VaultKey> {
    const content = await readVault(this.#dir)
    if (content !== null && entriesOf(content).length > 0) {
      return told(await this.#keys.find(content.key))
    }
    const given = await this.#keys.first()
    const known = content === null ? null : await this.#keys.find(content.key).catch(() => null)
    const key = given ?? known ?? (await this.#keys.make())
    if (content?.key !== key.fingerprint) {
      const { workspace = null, secrets = {} } = content ?? {}
      await this.#write({ format: 1, workspace, key: key.fingerprint, secrets })
    }
    return told(key, given === null && known === null)
  }

  async list(): Promise<readonly SecretEntry[]> {
    return entriesOf(await readVault(this.#dir))
  }

  async open(name: string) {
    checkSecretName(name)
    const content = await readVault(this.#dir)
    const secret = content?.secrets[name]
    if (content === null || !secret?.envelope) throw unknownSecret(name, entriesOf(content))
    const { key } = await this.#keys.find(content.key)
    const { version, set } = secret
    const value = unseal(secret.envelope, key, { workspace: this.#workspace, name, version })
    if (value === null) throw broken(name, version)
    return { name, version, set, value }
  }

  async set(name: string, value: string, { now, above }: { readonly now: number; readonly above: number }) {
    checkSecretName(name)
    checkSecretValue(name, value)
    const { fingerprint } = await this.prepare()
    const content = await this.#content()
    const { key } = await this.#keys.find(fingerprint)
    const version = Math.max(content.secrets[name]?.version ?? 0, above) + 1
    const envelope = seal(value, key, { workspace: this.#workspace, name, version })
    const secrets = { ...content.secrets, [name]: { version, set: now, envelope } }
    await this.#write({ ...content, workspace: this.#workspace, secrets })
    return { name, version, set: now }
  }

  async remove(name: string): Promise<SecretEntry> {
    const content = await readVault(this.#dir)
    const secret = content?.secrets[name]
    if (content === null || !secret?.envelope) throw unknownSecret(name, entriesOf(content))
    const secrets = { ...content.secrets, [name]: { ...secret, envelope: null } }
    await this.#write({ ...content, secrets })
    return { name, version: secret.version, set: secret.set }
  }

  async rotate({ keyFile }: { readonly keyFile?: string | undefined } = {}) {
    await this.prepare()
    const content = await this.#content()
    const old = await this.#keys.find(content.key)
    const { secrets } = content
    for (const [name, secret] of Object.entries(secrets)) {
      const place = { workspace: this.#workspace, name, version: secret.version }
      if (secret.envelope !== null && unseal(secret.envelope, old.key, place) === null) {
        throw broken(name, secret.version)
      }
    }
    const next = await this.#keys.next(keyFile)
    crashPoint('vault.after-key')
    const anew = Object.entries(secrets).map(([name, secret]) => {
      const place = { workspace: this.#workspace, name, version: secret.version }
      const envelope = secret.envelope && reseal(secret.envelope, { from: old.key, to: next.key }, place)
      return [name, { ...secret, envelope }] as const
    })
    await this.#write({ ...content, key: next.fingerprint, secrets: Object.fromEntries(anew) })
    const count = entriesOf(content).length
    return { from: old.fingerprint, to: next.fingerprint, secrets: count, where: next.where }
  }

  async #content(): Promise<VaultContent> {
    const content = await readVault(this.#dir)
    if (content === null) throw invalid(join(this.#dir, VAULT_FILE), 'it is gone')
    return content
  }

  async #write(content: VaultContent): Promise<void> {
    const text = `${JSON.stringify(content, null, 2)}\n`
    await replaceFile(join(this.#dir, VAULT_FILE), text, () => crashPoint('vault.before-replace'))
    crashPoint('vault.after-replace')
  }
}

function told({ fingerprint, where }: MasterKey, made = false): VaultKey {
  return { fingerprint, where, made }
}

function entriesOf(content: VaultContent | null): SecretEntry[] {
  return Object.entries(content?.secrets ?? {})
    .filter(([, { envelope }]) => envelope !== null)
    .map(([name, { version, set }]) => ({ name, version, set }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** null when there is none. @throws VAULT_INVALID */
async function readVault(dir: string): Promise<VaultContent | null> {
  const file = join(dir, VAULT_FILE)
  try {
    return vaultSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw invalid(file, error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message)
  }
}

function invalid(file: string, why: string): HoldfastError {
  return new HoldfastError('VAULT_INVALID', `${file} is not a vault: ${why}`, { details: { file } })
}

function unknownSecret(name: string, known: readonly SecretEntry[]): HoldfastError {
  const names = known.map((entry) => entry.name)
  return new HoldfastError('SECRET_UNKNOWN', `There is no secret ${handleOf(name)}`, {
    details: { name, known: names },
    fix: `Set it with \`holdfast vault set ${name}\`${names.length === 0 ? '' : `; there are ${names.join(', ')}`}.`,
  })
}

function broken(name: string, version: number): HoldfastError {
  return new HoldfastError(
    'VAULT_ENVELOPE_BROKEN',
    `The envelope of ${handleOf(name)}, version ${version}, does not open`,
    {
      details: { name, version },
    },
  )
}
