/** How this program is called from where the operator stands, for commands that are shown to be typed. */
import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../adapters/system/environment.ts'
import type { Setting } from '../config/layers.ts'
import { workspaceDir } from '../config/workspace-dir.ts'

const LAUNCHER = fileURLToPath(new URL('../../../bin/holdfast', import.meta.url))

export interface ProgramName {
  /** `bin/holdfast`, or `holdfast` where that is found by its name. */
  readonly base: string
  /** The workspace: `--dir`, HOLDFAST_DIR, or `./workspace`. */
  readonly dirSetting: Setting<string>
  /** `inbox` → `bin/holdfast inbox`, with `--dir` where it is needed to mean the same workspace. */
  command(words: string): string
}

/** @param dir as given with `--dir`. */
export function programName(env: Environment, dir?: string): ProgramName {
  const base = baseName(env)
  const dirSetting = workspaceDir(env, dir)
  const needed =
    dirSetting.origin === 'flag' && resolve(dirSetting.value) !== resolve(workspaceDir(env).value)
  const suffix = needed ? ` --dir ${quoted(dirSetting.value)}` : ''
  return { base, dirSetting, command: (words) => `${base} ${words}${suffix}` }
}

/** A text in which commands stand as `holdfast inbox`, with them as they are typed here. */
export function asTyped(text: string, command: (words: string) => string): string {
  return text.replace(
    /`holdfast ([^`]+)`/g,
    (_, words: string) => `\`${command(words.replace(/ --dir DIR$/, ''))}\``,
  )
}

function baseName(env: Environment): string {
  const onPath = (env.PATH ?? '').split(delimiter).some((folder) => isLauncher(join(folder, 'holdfast')))
  if (onPath) return 'holdfast'
  const near = relative(process.cwd(), LAUNCHER)
  return quoted(near.startsWith(join('..', '..')) ? LAUNCHER : near)
}

function isLauncher(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return realpathSync(path) === LAUNCHER
  } catch {
    return false
  }
}

/** For a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
