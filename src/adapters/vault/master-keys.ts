/**
 * Where master keys come from, the first that is set:
 *
 *     HOLDFAST_VAULT_KEY           the key itself
 *     HOLDFAST_VAULT_KEY_FILE      a file that holds it
 *     HOLDFAST_VAULT_KEY_COMMAND   a command that prints it: secret-tool, security, pass, op …
 *     otherwise                    $XDG_DATA_HOME/holdfast/vault-keys/FINGERPRINT.key, by default in ~/.local/share
 *
 * Each may hold several keys, one a line; the vault says by fingerprint which one it is sealed with. So a new key is
 * put beside the old one first, then the vault changes over in one step, and at no moment is there a vault without
 * its key. Keys are 32 bytes, as base64 or hex.
 */
import { exec } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { HoldfastError } from '../../kernel/errors.ts'
import { replaceFile } from '../system/durable-file.ts'
import type { Environment } from '../system/environment.ts'
import { fingerprintOf, KEY_BYTES } from './envelope.ts'

export interface MasterKey {
  readonly key: Uint8Array
  readonly fingerprint: string
  /** A file or a variable. */
  readonly where: string
}

const KEY = 'HOLDFAST_VAULT_KEY'
const KEY_FILE = 'HOLDFAST_VAULT_KEY_FILE'
const KEY_COMMAND = 'HOLDFAST_VAULT_KEY_COMMAND'
/** Variables whose value is a master key. */
export const KEY_VARIABLE = KEY

/** A keyring may ask the operator to unlock it. */
const COMMAND_LIMIT_MS = 60_000

export class MasterKeys {
  readonly #env: Environment
  #printed: Promise<string> | null = null

  constructor(env: Environment) {
    this.#env = env
  }

  /** @throws VAULT_KEY_MISSING, VAULT_KEY_INVALID */
  async find(fingerprint: string): Promise<MasterKey> {
    const given = await this.#given()
    const keys = given ?? (await keysIn(defaultKeyFile(this.#env, fingerprint)).catch(() => []))
    const found = keys.find((key) => key.fingerprint === fingerprint)
    if (found !== undefined) return found
    const where = given === null ? defaultKeyFile(this.#env, fingerprint) : this.#source()
    throw new HoldfastError('VAULT_KEY_MISSING', `The master key ${fingerprint} is not in ${where}`, {
      details: { fingerprint, where },
    })
  }

  /** The first key that is given; null when none is. @throws VAULT_KEY_MISSING, VAULT_KEY_INVALID */
  async first(): Promise<MasterKey | null> {
    return (await this.#given())?.[0] ?? null
  }

  /** Makes a key in a file of its own, in the place where keys are looked for when none is given. */
  async make(): Promise<MasterKey> {
    const made = newKey()
    const file = defaultKeyFile(this.#env, made.fingerprint)
    await replaceFile(file, `${HEADING}${made.text}\n`)
    return { ...made, where: file }
  }

  /**
   * A key to change over to, durably where it will be found: that of `keyFile`, or a new one beside the present.
   * @throws VAULT_KEY_INVALID, USAGE when the present one is where no new one can be put
   */
  async next(keyFile?: string): Promise<MasterKey> {
    if (keyFile !== undefined) return firstOf(await keysIn(keyFile), keyFile)
    const source = this.#source()
    if (source === null) return await this.make()
    const file = this.#env[KEY_FILE]?.trim() ?? ''
    if (source !== KEY_FILE) {
      throw new HoldfastError('USAGE', `No new key can be put into ${source}`, {
        details: { source },
        fix: 'Put a new key into a file, such as by `openssl rand -base64 32`, name it with --key-file, and let the variable give it afterwards.',
      })
    }
    const made = newKey()
    await replaceFile(file, `${HEADING}${made.text}\n${await readFile(file, 'utf8')}`)
    return { ...made, where: file }
  }

  /** The file of a key that is looked for by default, or named; null for one that is in no file. */
  fileOf(fingerprint: string): string | null {
    const source = this.#source()
    if (source === null) return defaultKeyFile(this.#env, fingerprint)
    return source === KEY_FILE ? (this.#env[KEY_FILE]?.trim() ?? null) : null
  }

  #source(): typeof KEY | typeof KEY_FILE | typeof KEY_COMMAND | null {
    return ([KEY, KEY_FILE, KEY_COMMAND] as const).find((name) => this.#env[name]?.trim()) ?? null
  }

  /** null when none of the variables is set. */
  async #given(): Promise<MasterKey[] | null> {
    const source = this.#source()
    if (source === null) return null
    const value = this.#env[source]?.trim() ?? ''
    if (source === KEY) return keysOf(value, KEY)
    if (source === KEY_FILE) return await keysIn(value)
    this.#printed ??= printedBy(value)
    return keysOf(await this.#printed, KEY_COMMAND)
  }
}

const HEADING =
  '# Master key of the vault of a Holdfast workspace. Without it, its secrets can not be read.\n'

function newKey(): { key: Uint8Array; fingerprint: string; text: string } {
  const key = randomBytes(KEY_BYTES)
  return { key, fingerprint: fingerprintOf(key), text: key.toString('base64') }
}

function defaultKeyFile(env: Environment, fingerprint: string): string {
  const given = env.XDG_DATA_HOME
  const base = given && isAbsolute(given) ? given : join(env.HOME || homedir(), '.local', 'share')
  return join(base, 'holdfast', 'vault-keys', `${fingerprint}.key`)
}

/** @throws VAULT_KEY_MISSING when it can't be read, VAULT_KEY_INVALID */
async function keysIn(file: string): Promise<MasterKey[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new HoldfastError('VAULT_KEY_MISSING', `The key file ${file} can't be read (${error.code})`, {
      details: { file },
    })
  })
  return keysOf(text, file)
}

/** @throws VAULT_KEY_INVALID, without a word of the text */
function keysOf(text: string, where: string): MasterKey[] {
  const words = text
    .replace(/^\s*#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '')
  return words.map((word) => {
    const key = Buffer.from(word, /^[0-9a-f]{64}$/i.test(word) ? 'hex' : 'base64')
    if (key.length !== KEY_BYTES || !/^[\w+/-]+={0,2}$/.test(word)) throw invalid(where)
    return { key, fingerprint: fingerprintOf(key), where }
  })
}

function firstOf(keys: readonly MasterKey[], where: string): MasterKey {
  const [first] = keys
  if (first === undefined) throw invalid(where)
  return first
}

function invalid(where: string): HoldfastError {
  return new HoldfastError('VAULT_KEY_INVALID', `What ${where} holds is no master key`, {
    details: { where },
  })
}

/** @throws VAULT_KEY_MISSING; what the command says may hold a key, and is not told */
async function printedBy(command: string): Promise<string> {
  try {
    return (await promisify(exec)(command, { timeout: COMMAND_LIMIT_MS })).stdout
  } catch (error) {
    const { code = 'no exit code' } = error as { code?: unknown }
    throw new HoldfastError('VAULT_KEY_MISSING', `The command of ${KEY_COMMAND} failed (${code})`, {
      fix: 'Run it by hand and see; it must print the key and nothing else.',
    })
  }
}
