import type { Environment } from '../../adapters/system/environment.ts'
import type { Setting } from './layers.ts'

/** The workspace's folder: `--dir`, HOLDFAST_DIR, or `./workspace`. */
export function workspaceDir(env: Environment, flag?: string): Setting<string> {
  if (flag) return { value: flag, origin: 'flag', where: '--dir' }
  const fromEnv = env.HOLDFAST_DIR?.trim()
  if (fromEnv) return { value: fromEnv, origin: 'environment', where: 'HOLDFAST_DIR' }
  return { value: 'workspace', origin: 'default', where: null }
}
