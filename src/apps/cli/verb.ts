/** A verb is what is typed: its words, what it takes, its help, and what it does on a terminal. */
import type { Environment } from '../../adapters/system/environment.ts'
import type { Redactor } from '../../ports/vault.ts'
import type { CommandIo } from '../commands/command.ts'
import type { Setting } from '../config/layers.ts'
import type { Output } from './output.ts'

export interface Verb {
  /** `run show`. */
  readonly words: string
  /** `<id>`, `<file...>`, `[verdict]`. */
  readonly args?: string
  /** The heading it stands under in the help. */
  readonly group: string
  readonly summary: string
  /** More than the summary, in sentences. */
  readonly about?: string
  readonly options?: readonly (readonly [flags: string, description: string])[]
  /** Without the name of the program in front. */
  readonly examples: readonly (readonly [words: string, what: string])[]
  /** It ends by signals in its own way. */
  readonly ownSignals?: true
  load(): Promise<VerbRun>
}

/** Resolves with the exit code; with nothing for 0. */
export type VerbRun = (call: Call) => Promise<number | undefined>

export interface Call {
  readonly args: readonly string[]
  /** Names in camelCase, as typed: text, true, or a list of texts. */
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly out: Output
  readonly io: CommandIo
  /** The workspace, as an absolute path, and where that comes from. */
  readonly dir: string
  readonly dirSetting: Setting<string>
  readonly env: Environment
  /** What the output passes: it knows the secrets of the environment, and those of the vault once it was opened. */
  readonly redactor: Redactor
  /** Whether somebody typed it: a sign of the operator. */
  readonly attended: boolean
  /** How to type a command here: `inbox` → `bin/holdfast inbox`. */
  command(words: string): string
}

/** The text given for an option, if one was. */
export function textOption({ options }: Call, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}
