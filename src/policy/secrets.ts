/**
 * Secrets on record: the vault holds the values, the log says what was done with them, by name and version. A change
 * is made in the vault first and put on record then; where the process dies in between, the next opening sees that
 * the log does not know it, and makes up for that.
 *
 * All values that open are known to the redactor as long as the process lives.
 */
import { type ErrorRecord, HoldfastError, isHoldfastError, toErrorRecord } from '../kernel/errors.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { OWNER, SYSTEM } from '../kernel/label.ts'
import type { Clock } from '../ports/clock.ts'
import { crashPoint } from '../ports/crash-points.ts'
import type { EventLog } from '../ports/event-log.ts'
import {
  checkSecretName,
  handleOf,
  type OpenedSecret,
  type Redactor,
  type SecretEntry,
  type Vault,
  type VaultKey,
  type VaultKeyChange,
} from '../ports/vault.ts'
import { type BroughtSecret, type ImportChoice, type ImportPlan, planImport } from './secret-import.ts'
import { type KnownSecret, knownSecret, knownSecrets, SECRET_STREAM } from './secret-index.ts'

export interface SecretsOptions {
  readonly vault: Vault
  readonly log: EventLog
  readonly redactor: Redactor
  readonly clock: Pick<Clock, 'now'>
}

/** A secret that is in the vault, with what is on record about it. */
export type ListedSecret = SecretEntry & Pick<KnownSecret, 'uses' | 'used' | 'usedBy'>

export interface ChangedSecret extends SecretEntry {
  /** The master key that it was sealed with. */
  readonly key: VaultKey
}

export class Secrets {
  readonly #vault: Vault
  readonly #log: EventLog
  readonly #redactor: Redactor
  readonly #clock: Pick<Clock, 'now'>

  constructor({ vault, log, redactor, clock }: SecretsOptions) {
    this.#vault = vault
    this.#log = log
    this.#redactor = redactor
    this.#clock = clock
  }

  /**
   * Puts on record what the log does not know yet, and has the redactor know the values. What does not open is left
   * to whoever needs it, and to `doctor`.
   */
  async learn(): Promise<void> {
    try {
      await this.#catchUp()
      const opened = (await this.#vault.list()).map(({ name }) =>
        this.#vault.open(name).catch(ifVaultTrouble),
      )
      for (const secret of await Promise.all(opened)) {
        if (secret !== null) this.#redactor.know(secret.value, handleOf(secret.name))
      }
    } catch (error) {
      ifVaultTrouble(error)
    }
  }

  async list(): Promise<ListedSecret[]> {
    const known = new Map(knownSecrets(this.#log.tables).map((secret) => [secret.name, secret]))
    return (await this.#vault.list()).map((entry) => {
      const { uses = 0, used = null, usedBy = null } = known.get(entry.name) ?? {}
      return { ...entry, uses, used, usedBy }
    })
  }

  /** What is wrong with each secret; null for nothing. @throws VAULT_INVALID */
  async check(): Promise<{ readonly name: string; readonly trouble: ErrorRecord | null }[]> {
    const names = (await this.#vault.list()).map(({ name }) => name)
    const troubles = names.map((name) => this.#open(name).then(() => null, toErrorRecord))
    return (await Promise.all(troubles)).map((trouble, i) => ({ name: names[i] ?? '', trouble }))
  }

  /** Sets a secret, new or anew. @throws SECRET_INVALID, VAULT_* */
  async set(name: string, value: string): Promise<ChangedSecret> {
    return await this.#change(name, value, 'secret.set')
  }

  /** Gives a secret that there is another value. @throws SECRET_UNKNOWN, SECRET_INVALID for the same value, VAULT_* */
  async rotate(name: string, value: string): Promise<ChangedSecret> {
    const present = await this.#vault.open(name)
    if (present.value === value) {
      throw new HoldfastError(
        'SECRET_INVALID',
        `What was given for ${handleOf(name)} is the value that it has`,
        {
          details: { name },
          fix: 'Get a new value where the old one came from, and give that.',
        },
      )
    }
    return await this.#change(name, value, 'secret.rotated')
  }

  async remove(name: string): Promise<SecretEntry> {
    checkSecretName(name)
    await this.#catchUp()
    const removed = await this.#vault.remove(name)
    await this.#record('secret.removed', removed)
    return removed
  }

  /** Seals all with a new master key, or that of `keyFile`. */
  async rotateKey(options: { readonly keyFile?: string | undefined } = {}): Promise<VaultKeyChange> {
    await this.#catchUp()
    const change = await this.#vault.rotate(options)
    crashPoint('vault.before-record')
    await this.#recordOfAll('vault.rotated', { from: change.from, to: change.to, secrets: change.secrets })
    return change
  }

  /** The master key, made where there is none. */
  async prepare(): Promise<VaultKey> {
    return await this.#vault.prepare()
  }

  /**
   * The value, for one use; that it was handed over is on the disk before it is.
   * @param by the operation it is for: `smtp.send`
   * @throws SECRET_UNKNOWN, VAULT_*; LOG_WRITE_FAILED
   */
  async reveal(name: string, by: string): Promise<string> {
    const { value, version } = await this.#open(name)
    this.#redactor.know(value, handleOf(name))
    const used = { kind: 'secret.used', actor: by, label: SYSTEM, body: { name, version } }
    await this.#log.append([{ stream: SECRET_STREAM + name, expectedVersion: 'any', events: [used] }])
    return value
  }

  /** Puts on record that these have left in a file: by name and version, each handed over by `reveal` before. */
  async exported(names: readonly string[]): Promise<void> {
    const versions = (await this.#vault.list()).filter(({ name }) => names.includes(name))
    const secrets = versions.map(({ name, version }) => ({ name, version }))
    await this.#recordOfAll('vault.exported', { secrets })
  }

  /**
   * Brings in secrets of another workspace, `from` being the id of its log. Names that are there with another value are
   * dealt with by `choice`, before any is changed; what a crash leaves undone, the same call does.
   * @throws SECRET_CONFLICT, SECRET_INVALID, VAULT_*
   */
  async bringIn(
    brought: readonly BroughtSecret[],
    { from, choice }: { readonly from: string; readonly choice: ImportChoice },
  ): Promise<ImportPlan & { readonly key: VaultKey }> {
    for (const { name, value } of brought) this.#redactor.know(value, handleOf(name))
    await this.#catchUp()
    const there = (await this.#vault.list()).filter(({ name }) => brought.some((one) => one.name === name))
    const values = await Promise.all(there.map(({ name }) => this.#open(name)))
    const present = new Map(values.map(({ name, value }) => [name, value]))
    const plan = planImport(brought, present, choice)
    const key = await this.#vault.prepare()
    for (const { name, value } of brought) {
      if (plan.fresh.includes(name)) await this.#change(name, value, 'secret.set')
      else if (plan.replaced.includes(name)) await this.#change(name, value, 'secret.rotated')
    }
    await this.#recordOfAll('vault.imported', { from, ...plan } as unknown as JsonObject)
    return { ...plan, key }
  }

  async #recordOfAll(kind: string, body: JsonObject): Promise<void> {
    const event = { kind, actor: 'operator', label: OWNER, body }
    await this.#log.append([{ stream: 'vault', expectedVersion: 'any', events: [event] }])
  }

  redact<Value extends Json>(value: Value): Value {
    return this.#redactor.json(value)
  }

  /** @throws VAULT_ENVELOPE_BROKEN also for an older version that was put back */
  async #open(name: string): Promise<OpenedSecret> {
    const opened = await this.#vault.open(name)
    const { version: last = 0 } = knownSecret(this.#log.tables, name) ?? {}
    if (opened.version < last) throw putBack(name, opened.version, last)
    return opened
  }

  async #change(name: string, value: string, kind: string): Promise<ChangedSecret> {
    checkSecretName(name)
    await this.#catchUp()
    this.#redactor.know(value, handleOf(name))
    const key = await this.#vault.prepare()
    const above = knownSecret(this.#log.tables, name)?.version ?? 0
    const entry = await this.#vault.set(name, value, { now: this.#clock.now(), above })
    await this.#record(kind, entry)
    return { ...entry, key }
  }

  async #record(kind: string, { name, version }: SecretEntry, actor = 'operator'): Promise<void> {
    crashPoint('vault.before-record')
    const event = { kind, actor, label: OWNER, body: { name, version } }
    await this.#log.append([{ stream: SECRET_STREAM + name, expectedVersion: 'any', events: [event] }])
  }

  async #catchUp(): Promise<void> {
    const known = new Map(knownSecrets(this.#log.tables).map((secret) => [secret.name, secret]))
    const present = await this.#vault.list()
    for (const entry of present) {
      const { version = 0, removed = false } = known.get(entry.name) ?? {}
      if (entry.version > version || removed) await this.#record('secret.set', entry, 'recovery')
    }
    const names = new Set(present.map(({ name }) => name))
    for (const { name, version, removed } of known.values()) {
      if (!removed && !names.has(name))
        await this.#record('secret.removed', { name, version, set: 0 }, 'recovery')
    }
  }
}

function ifVaultTrouble(error: unknown): null {
  if (isHoldfastError(error) && /^(VAULT|SECRET)_/.test(error.code)) return null
  throw error
}

function putBack(name: string, version: number, last: number): HoldfastError {
  return new HoldfastError(
    'VAULT_ENVELOPE_BROKEN',
    `The vault has version ${version} of ${handleOf(name)}, and the log knows version ${last}`,
    { details: { name, version, last } },
  )
}
