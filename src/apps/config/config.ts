/**
 * The configuration of a workspace, put together from five places. Each value is taken from the first one
 * that sets it: flag, environment, the workspace's `holdfast.yaml`, the user's own file, default.
 */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Environment } from '../../adapters/system/environment.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { CONFIG_FILE } from './file-names.ts'
import {
  defaultLayer,
  environmentLayer,
  type Flags,
  fileLayer,
  firstOf,
  flagLayer,
  type Setting,
} from './layers.ts'
import { CONFIG_LEAVES, type Config, configSchema } from './schema.ts'
import { type SecretSource, type SecretVariable, secretSources } from './secret-sources.ts'

export { CONFIG_FILE }

export interface LoadedConfig {
  readonly config: Config
  /** Every value by its dotted key, such as `mail.out.connector`, in the order of the file. */
  readonly settings: Readonly<Record<string, Setting>>
  /** Secrets by the name of their variable: never the value, only whether there is one, and where. */
  readonly secrets: Readonly<Record<SecretVariable, SecretSource>>
}

export interface ConfigSources {
  /** The workspace. */
  readonly dir: string
  readonly env: Environment
  readonly flags?: Flags
  /** Default: `userConfigPath(env)`. */
  readonly userConfigPath?: string
}

/**
 * @throws CONFIG_INVALID with line, column and path for a mistake in a file, with the variable or flag for
 *   one elsewhere. FILE_UNREADABLE when a file is there and can't be read; a missing one is fine.
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { dir, env, flags = {}, userConfigPath: userPath = userConfigPath(env) } = sources
  const layers = [
    flagLayer(flags),
    environmentLayer(env),
    await fileLayer(join(dir, CONFIG_FILE), 'project'),
    await fileLayer(userPath, 'user'),
    defaultLayer,
  ]
  const settings: Record<string, Setting> = {}
  const values: Tree = {}
  for (const leaf of CONFIG_LEAVES) {
    const setting = firstOf(layers, leaf)
    settings[leaf.key] = setting
    plant(values, leaf.path, setting.value)
  }
  checkTogether(settings)
  return { config: configSchema.parse(values), settings, secrets: secretSources(env, settings) }
}

/** `$XDG_CONFIG_HOME/holdfast/config.yaml`, by default in `~/.config`. */
export function userConfigPath(env: Environment): string {
  const configured = env.XDG_CONFIG_HOME
  const base = configured && isAbsolute(configured) ? configured : join(env.HOME || homedir(), '.config')
  return join(base, 'holdfast', 'config.yaml')
}

/** What no single value shows to be wrong. */
function checkTogether(settings: Readonly<Record<string, Setting>>): void {
  const connector = settings['mail.out.connector']
  if (connector?.value !== 'smtp' || settings['smtp.host']?.value !== null) return
  throw new HoldfastError(
    'CONFIG_INVALID',
    `${connector.where}: mail.out.connector is smtp without smtp.host`,
    {
      details: { where: connector.where },
      fix: 'Set smtp.host (HOLDFAST_SMTP_HOST), or mail.out.connector to maildir.',
    },
  )
}

type Tree = { [name: string]: unknown }

function plant(tree: Tree, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) tree[name] = value
  else {
    tree[name] ??= {}
    plant(tree[name] as Tree, rest, value)
  }
}
