/** Paths of the configuration. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** A path of the configuration as an absolute one: `~/…` is in the home folder, others start at the workspace. */
export function resolveInWorkspace(dir: string, path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(dir, path)
}
