/**
 * Where the secrets of a workspace come from. For each, the first that is set:
 *
 *     NAME             the variable: the secret, or a handle of the vault
 *     NAME_FILE        a file that holds either
 *     the setting      a handle: smtp.password, models.keys.openai, models.keys.anthropic
 *     passwordFile     of smtp in a file of the configuration
 *
 * Nothing is opened here: whoever uses a secret gets it from the vault at the last moment.
 */
import type { Environment } from '../../adapters/system/environment.ts'
import { readSecret, readSecretFile, secretVariable } from '../../adapters/system/secret.ts'
import { KEY_VARIABLE } from '../../adapters/vault/master-keys.ts'
import type { Redactor } from '../../ports/vault.ts'
import type { Setting } from './layers.ts'
import { resolveInWorkspace } from './paths.ts'

/** By the variable, the setting that holds the handle. */
const SETTINGS = {
  OPENAI_API_KEY: 'models.keys.openai',
  ANTHROPIC_API_KEY: 'models.keys.anthropic',
  HOLDFAST_SMTP_PASSWORD: 'smtp.password',
} as const

export type SecretVariable = keyof typeof SETTINGS
export const SECRET_VARIABLES = Object.keys(SETTINGS) as SecretVariable[]

export interface SecretSource {
  readonly set: boolean
  /** The variable, or file and line. */
  readonly where: string | null
  /** The handle that stands there; null for none, or for one in a file of its own. */
  readonly handle: string | null
}

type Settings = Readonly<Record<string, Setting>>

export function secretSources(
  env: Environment,
  settings: Settings,
): Readonly<Record<SecretVariable, SecretSource>> {
  const sources = SECRET_VARIABLES.map((name) => [name, sourceOf(name, env, settings)] as const)
  return Object.fromEntries(sources) as Record<SecretVariable, SecretSource>
}

function sourceOf(name: SecretVariable, env: Environment, settings: Settings): SecretSource {
  const variable = secretVariable(env, name)
  if (variable !== null) {
    const text = env[variable]?.trim() ?? ''
    return { set: true, where: variable, handle: variable === name && isHandle(text) ? text : null }
  }
  const setting = settings[SETTINGS[name]]
  if (setting?.value) return { set: true, where: setting.where, handle: String(setting.value) }
  const file = name === 'HOLDFAST_SMTP_PASSWORD' ? settings['smtp.passwordFile'] : undefined
  return { set: Boolean(file?.value), where: file?.value ? file.where : null, handle: null }
}

export interface SecretPlace {
  /** The workspace. */
  readonly dir: string
  readonly env: Environment
  readonly settings: Settings
}

/**
 * The secret, or its handle; null when none is set.
 * @throws CONFIG_INVALID when its file can't be read or is empty.
 */
export async function secretOrHandle(
  name: SecretVariable,
  { dir, env, settings }: SecretPlace,
): Promise<string | null> {
  const { set, handle } = sourceOf(name, env, settings)
  if (!set || handle !== null) return handle
  const file = settings['smtp.passwordFile']?.value
  const isInFile = name === 'HOLDFAST_SMTP_PASSWORD' && secretVariable(env, name) !== name
  if (!isInFile || typeof file !== 'string') return await readSecret(env, name)
  return await readSecretFile(resolveInWorkspace(dir, file), 'smtp.passwordFile')
}

/** Has the redactor know the secrets that variables hold. */
export function learnVariables(redactor: Redactor, env: Environment): void {
  for (const name of [...SECRET_VARIABLES, KEY_VARIABLE]) {
    const value = env[name]?.trim() ?? ''
    if (!isHandle(value)) redactor.know(value, `[${name}]`)
  }
}

/** Has the redactor know the secrets that come from variables and files; what can't be read is nobody's secret. */
export async function learnSecrets(redactor: Redactor, place: SecretPlace): Promise<void> {
  learnVariables(redactor, place.env)
  for (const name of SECRET_VARIABLES) {
    const value = await secretOrHandle(name, place).catch(() => null)
    if (value !== null && !isHandle(value)) redactor.know(value, `[${name}]`)
  }
}

function isHandle(text: string): boolean {
  return text.startsWith('vault:')
}
