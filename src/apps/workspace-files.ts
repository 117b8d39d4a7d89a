/** The files of a workspace that the operator edits, as they are before the first edit. */
import { existsSync, readdirSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LOG_FILE } from '../adapters/sqlite/place.ts'
import { makeFolders } from '../adapters/system/folders.ts'
import { HoldfastError } from '../kernel/errors.ts'
import { defaultConfigText, type OwnerAnswers } from './config/default-config.ts'
import { AUTONOMY_FILE, CONFIG_FILE, FLAGS_FILE, POLICY_FILE } from './config/file-names.ts'

export const PLAYBOOK_FILE = 'playbooks/lead-qualification.yaml'
/** The names of the variants of the playbook: `formal` of `playbooks/lead-qualification.formal.yaml`. */
export function playbookVariants(dir: string): string[] {
  const folder = join(dir, dirname(PLAYBOOK_FILE))
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.flatMap((name) => /^lead-qualification\.([\w-]+)\.yaml$/.exec(name)?.[1] ?? []).sort()
}

export function playbookVariantFile(variant: string): string {
  return PLAYBOOK_FILE.replace(/\.yaml$/, `.${variant}.yaml`)
}

const DEFAULT_PLAYBOOK = new URL('../templates/lead-qualification/playbook.yaml', import.meta.url)

/** The configuration is written last, so where it is, the others are. */
export function isWorkspace(dir: string): boolean {
  return existsSync(join(dir, CONFIG_FILE)) || existsSync(join(dir, LOG_FILE))
}

/** @throws WORKSPACE_MISSING */
export function assertWorkspace(dir: string): void {
  if (isWorkspace(dir)) return
  throw new HoldfastError('WORKSPACE_MISSING', `${dir} is not a workspace`, { details: { dir } })
}

/** Writes the files that the operator edits; leaves those that are there. Returns the ones it wrote. */
export async function createWorkspace(dir: string, owner: OwnerAnswers = {}): Promise<string[]> {
  const { DEFAULT_POLICY_TEXT } = await import('./config/policy-file.ts')
  const { DEFAULT_AUTONOMY_TEXT } = await import('./config/autonomy-file.ts')
  const { DEFAULT_FLAGS_TEXT } = await import('./config/flags-file.ts')
  makeFolders(dir)
  const files: [string, string][] = [
    [PLAYBOOK_FILE, signedBy(owner, await readFile(DEFAULT_PLAYBOOK, 'utf8'))],
    [POLICY_FILE, DEFAULT_POLICY_TEXT],
    [AUTONOMY_FILE, DEFAULT_AUTONOMY_TEXT],
    [FLAGS_FILE, DEFAULT_FLAGS_TEXT],
    [CONFIG_FILE, defaultConfigText(owner)],
  ]
  const written: string[] = []
  for (const [name, text] of files) {
    const file = join(dir, name)
    makeFolders(dirname(file))
    if (existsSync(file)) continue
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
    written.push(name)
  }
  return written
}

/** The example playbook with the owner's names in place of the example's, where they are given. */
function signedBy({ name, business }: OwnerAnswers, playbook: string): string {
  if (!name || playbook.includes(`\n  owner: ${name}\n`)) return playbook
  const studio = business || name
  const signature = studio === name ? [name] : [name, studio]
  const lines = [
    'business:',
    `  name: ${JSON.stringify(studio)}`,
    `  owner: ${JSON.stringify(name)}`,
    ...(/^ {2}#.*\n {2}language:.*$/m.exec(playbook) ?? []),
    '  signature: |',
    ...signature.map((line) => `    ${line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()}`),
    '',
  ]
  return playbook.replace(/^business:\n(?: {2}.*\n)+/m, () => lines.join('\n'))
}
