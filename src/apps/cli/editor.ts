/**
 * A proposal in the operator's editor. Fields of one line stand on top as `name: value`, the text below an
 * empty line, as in a mail; a proposal that has not that form is edited as YAML.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify, YAMLError } from 'yaml'
import type { Environment } from '../../adapters/system/environment.ts'
import { HoldfastError } from '../../kernel/errors.ts'
import { canonicalJson, type JsonObject } from '../../kernel/json.ts'

/** The fields that were changed; null when none was, or when the file was emptied. */
export async function editInEditor(
  proposal: JsonObject,
  id: string,
  env: Environment,
): Promise<JsonObject | null> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-edit-'))
  const file = join(folder, `review-${id}.${longField(proposal) === null ? 'yaml' : 'txt'}`)
  try {
    await writeFile(file, toEditable(proposal), { mode: 0o600 })
    await openEditor(file, env)
    return changesOf(proposal, await readFile(file, 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function openEditor(file: string, env: Environment): Promise<void> {
  const editor = env.VISUAL?.trim() || env.EDITOR?.trim() || 'vi'
  const child = spawn(`${editor} "$HOLDFAST_FILE"`, {
    shell: true,
    stdio: 'inherit',
    env: { ...env, HOLDFAST_FILE: file },
  })
  const [code] = await once(child, 'exit')
  if (code === 0) return
  throw new HoldfastError('USAGE', `The editor ${editor} ended with ${code}; the review was not answered`, {
    fix: 'Set EDITOR to an editor that waits until you are done, or use --set or --file.',
  })
}

const HELP = [
  '# Save and leave: the draft is sent as it stands then.',
  '# Leave it unchanged, or empty the file: nothing is answered.',
]

/** The proposal as the text that is edited. */
export function toEditable(proposal: JsonObject): string {
  const long = longField(proposal)
  if (long === null) return `${HELP.join('\n')}\n${stringify(proposal, { lineWidth: 0 })}`
  const heads = Object.entries(proposal).filter(([name]) => name !== long)
  return [...HELP, ...heads.map(([name, value]) => `${name}: ${value}`), '', proposal[long], ''].join('\n')
}

/** What differs from the proposal in the edited text; null when nothing does, or nothing is left. */
export function changesOf(proposal: JsonObject, edited: string): JsonObject | null {
  const text = edited.replaceAll('\r\n', '\n').replace(/^(#.*\n)+/, '')
  if (text.trim() === '') return null
  const long = longField(proposal)
  const fields = long === null ? readFields(text, 'The edited file') : readLetter(text, long)
  const changed = Object.entries(fields).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(proposal[name] ?? null),
  )
  return changed.length === 0 ? null : Object.fromEntries(changed)
}

function readLetter(text: string, long: string): JsonObject {
  const [head = '', ...rest] = text.split('\n\n')
  const heads = head.split('\n').map((line) => {
    const [, name, value] = /^([\w-]+): ?(.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) return [name, value.trim()] as const
    throw new HoldfastError(
      'INPUT_INVALID',
      `${JSON.stringify(line)} is no line of the form "field: value"`,
      {
        fix: 'Keep the fields on top, then an empty line, then the text. The review was not answered.',
      },
    )
  })
  return { ...Object.fromEntries(heads), [long]: rest.join('\n\n').trimEnd() }
}

/** A mapping of fields in YAML or JSON. @throws INPUT_INVALID with line and column */
export function readFields(text: string, what: string): JsonObject {
  let read: unknown
  try {
    read = parse(text)
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error
    throw new HoldfastError('INPUT_INVALID', `${what} is no YAML: ${error.message.split('\n')[0]}`)
  }
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as JsonObject
  throw new HoldfastError('INPUT_INVALID', `${what} holds no fields`, {
    fix: 'Write lines such as `subject: Re: Your website`, or give the text of one field with --field NAME.',
  })
}

/** The field that stands below the others: the only one with a line break, or the body. */
function longField(proposal: JsonObject): string | null {
  const entries = Object.entries(proposal)
  if (!entries.every(([, value]) => typeof value === 'string')) return null
  const long = entries.filter(([, value]) => String(value).includes('\n')).map(([name]) => name)
  if (long.length > 1) return null
  return long[0] ?? (typeof proposal.body === 'string' ? 'body' : null)
}
