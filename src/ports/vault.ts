/**
 * The vault keeps secrets: passwords, keys, tokens. Everybody else holds a *handle*, `vault:smtp-password`, which
 * is as good in a configuration, an event or a mail as the name on a safe.
 *
 * Promises: a value is on the disk only sealed; what was sealed opens under its own name, in its own workspace, as
 * the version that it is, or not at all; a change is whole or has not happened, whenever the process dies; a
 * resolved promise is on the disk. A vault without secrets needs no key.
 */
import { HoldfastError } from '../kernel/errors.ts'

/** What anyone may know of a secret. */
export interface SecretEntry {
  readonly name: string
  /** 1 for the first value; goes on after a removal. */
  readonly version: number
  /** Milliseconds since 1970: when this version was set. */
  readonly set: number
}

export interface OpenedSecret extends SecretEntry {
  readonly value: string
}

/** A master key, by what may be told of it. */
export interface VaultKey {
  readonly fingerprint: string
  /** In words for the operator: a file, a variable. */
  readonly where: string
  /** Whether it was made just now. */
  readonly made: boolean
}

export interface VaultKeyChange {
  /** Fingerprints of the master keys. */
  readonly from: string
  readonly to: string
  /** How many secrets were sealed anew. */
  readonly secrets: number
  /** Where the new key is, in words for the operator. */
  readonly where: string
}

export interface Vault {
  /** Fingerprint of the master key that secrets are sealed with; null before the first. Needs no key. */
  keyInUse(): Promise<string | null>
  /**
   * The key that secrets are sealed with from the first one on; made where none is given and none is in use.
   * @throws VAULT_KEY_MISSING, VAULT_KEY_INVALID, VAULT_INVALID
   */
  prepare(): Promise<VaultKey>
  /** By name. Needs no key. @throws VAULT_INVALID */
  list(): Promise<readonly SecretEntry[]>
  /** @throws SECRET_UNKNOWN, VAULT_KEY_MISSING, VAULT_KEY_INVALID, VAULT_ENVELOPE_BROKEN, VAULT_INVALID */
  open(name: string): Promise<OpenedSecret>
  /**
   * Sets a value, as the next version after the one there and after `above`, which is the last that the log knows.
   * @throws SECRET_INVALID, VAULT_KEY_MISSING, VAULT_KEY_INVALID, VAULT_INVALID
   */
  set(
    name: string,
    value: string,
    options: { readonly now: number; readonly above: number },
  ): Promise<SecretEntry>
  /** What was removed. @throws SECRET_UNKNOWN, VAULT_INVALID */
  remove(name: string): Promise<SecretEntry>
  /**
   * Seals every secret with a new master key, all or none; with `keyFile`, with the key that stands there.
   * @throws VAULT_KEY_MISSING, VAULT_KEY_INVALID, VAULT_ENVELOPE_BROKEN, VAULT_INVALID
   */
  rotate(options?: { readonly keyFile?: string | undefined }): Promise<VaultKeyChange>
}

/** Opens the vault of a workspace; what it seals is bound to this id, which is that of the log. */
export type OpenVault = (workspace: string) => Vault

/** Replaces secrets that are known, wherever they turn up, by their handles. */
export interface Redactor {
  /** From now on `value` is replaced by `handle`. */
  know(value: string, handle: string): void
  text(text: string): string
  /** Any JSON value, keys and all; the same object when nothing of it was secret. */
  json<Value>(value: Value): Value
}

/** What a connector gets its secrets by: the value, for this one use, on record as `secret.used`. */
export type RevealSecret = (name: string) => Promise<string>

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
const HANDLE = /^vault:(.*)$/s
/** Values shorter than this are not looked for in texts: they would be found everywhere. */
export const SHORTEST_REDACTED = 8
const LONGEST_VALUE = 65_536

/** `vault:smtp-password` */
export function handleOf(name: string): string {
  return `vault:${name}`
}

/** The name in a handle; null for a text that is none. @throws SECRET_INVALID for `vault:` with a name that can't be */
export function secretNamed(text: string): string | null {
  const name = HANDLE.exec(text)?.[1]
  if (name !== undefined) checkSecretName(name)
  return name ?? null
}

/** @throws SECRET_INVALID */
export function checkSecretName(name: string): void {
  if (NAME.test(name)) return
  throw new HoldfastError('SECRET_INVALID', `A secret can't be called ${JSON.stringify(name.slice(0, 80))}`, {
    fix: 'Use small letters, digits, dots, hyphens and underscores, at most 64, such as `smtp-password`.',
  })
}

/** @throws SECRET_INVALID; never with the value in it */
export function checkSecretValue(name: string, value: string): void {
  const wrong =
    value.trim() === ''
      ? 'is empty'
      : value.length > LONGEST_VALUE
        ? `is longer than ${LONGEST_VALUE} characters`
        : HANDLE.test(value)
          ? 'is itself a handle'
          : null
  if (wrong === null) return
  throw new HoldfastError('SECRET_INVALID', `What was given for ${handleOf(name)} ${wrong}`, {
    details: { name },
    fix: 'Give the value on standard input, such as `holdfast vault set NAME < FILE`.',
  })
}
