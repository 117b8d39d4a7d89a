/** Searching the bytes of every file of a folder for texts, in every form that they may have there. */
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asRead, decodedRows, unescaped, utf8Of } from './as-read.ts'
import { type Forms, formsOf, type Wanted } from './forms.ts'

export interface Trace {
  /** From the folder, with `/` between its parts. */
  readonly file: string
  readonly what: string
  readonly text: string
}

export interface SearchReport {
  readonly files: number
  readonly bytes: number
  readonly traces: readonly Trace[]
}

const CHUNK_BYTES = 4 * 2 ** 20
/** More than the longest form, with the breaks of lines in it. */
const OVERLAP = 4_096

/**
 * @param skip names of files of the folder that are left out
 * A folder that is not there has no files.
 * @throws whatever the file system says of a file that can't be read: an unread file proves nothing
 */
export async function searchFiles(
  dir: string,
  wanted: readonly Wanted[],
  options: { readonly skip?: readonly string[]; readonly signal?: AbortSignal } = {},
): Promise<SearchReport> {
  const sought = wanted.map(soughtOf)
  const traces: Trace[] = []
  let files = 0
  let bytes = 0
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(orNone)) {
    const path = join(entry.parentPath, entry.name)
    const file = path.slice(join(dir, '/').length).replaceAll('\\', '/')
    if (!entry.isFile() || options.skip?.includes(file)) continue
    options.signal?.throwIfAborted()
    files += 1
    const here = new Set<string>()
    for (const one of sought.filter((one) => isIn(nameView(file), one))) here.add(key(one))
    bytes += await searchFile(path, sought, here)
    for (const { what, text } of sought.filter((one) => here.has(key(one)))) traces.push({ file, what, text })
  }
  return { files, bytes, traces }
}

interface Sought extends Wanted {
  readonly forms: Forms
  readonly around: readonly Forms[]
}

function soughtOf(one: Wanted): Sought {
  return { ...one, forms: formsOf(one.text), around: (one.others ?? []).map(formsOf) }
}

interface View {
  readonly read: string
  readonly plain: string
  readonly base64: string
}

/** Adds what is found; gives the size. */
async function searchFile(path: string, sought: readonly Sought[], found: Set<string>): Promise<number> {
  let bytes = 0
  let before = ''
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    bytes += (chunk as Buffer).length
    const text = before + (chunk as Buffer).toString('latin1')
    for (const view of viewsOf(text)) {
      for (const one of sought) if (!found.has(key(one)) && isIn(view, one)) found.add(key(one))
    }
    before = text.slice(-OVERLAP)
  }
  return bytes
}

/** As it stands, and with the breaks of lines taken out that mail puts into encoded text; as it is read, decoded or not. */
function viewsOf(text: string): View[] {
  const joined = text.replace(/=\r?\n/g, '')
  const decoded = unescaped(joined)
  return [
    { read: asRead(utf8Of(text)), plain: text.toLowerCase(), base64: text.replace(/\r?\n/g, '') },
    {
      read: asRead(utf8Of(decoded)),
      plain: joined === text ? '' : joined.toLowerCase(),
      base64: '',
    },
    { read: '', plain: decoded === joined ? '' : decoded.toLowerCase(), base64: '' },
    { read: asRead(decodedRows(text)), plain: '', base64: '' },
  ]
}

function nameView(file: string): View {
  return { read: asRead(file), plain: Buffer.from(file).toString('latin1').toLowerCase(), base64: '' }
}

function isIn(view: View, { forms, whole, around }: Sought): boolean {
  const all = (of: (one: Forms) => readonly string[]) => around.flatMap(of)
  const plain = all((one) => one.plain)
  const base64 = all((one) => one.base64)
  return (
    holds(view.read, forms.read, { whole, word: LETTER, around: all(({ read }) => [read]) }) ||
    forms.plain.some((form) => holds(view.plain, form, { whole, word: BYTE, around: plain })) ||
    forms.base64.some((form) => holds(view.base64, form, { whole: false, word: BYTE, around: base64 }))
  )
}

const BYTE = /[a-z0-9\x80-\xff]/
const LETTER = /[\p{L}\p{N}]/u

interface Place {
  readonly whole: boolean
  /** What words are made of. */
  readonly word: RegExp
  /** Not found within these. */
  readonly around: readonly string[]
}

function holds(text: string, form: string, { whole, word, around }: Place): boolean {
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) {
    if (around.some((other) => isWithin(text, at, form, other))) continue
    if (!whole) return true
    if (!word.test(text[at - 1] ?? '') && !word.test(text[at + form.length] ?? '')) return true
  }
  return false
}

/** Whether what stands there is a part of the other. */
function isWithin(text: string, at: number, form: string, other: string): boolean {
  for (let into = other.indexOf(form); into >= 0; into = other.indexOf(form, into + 1)) {
    if (at >= into && text.startsWith(other, at - into)) return true
  }
  return false
}

function key({ what, text }: Wanted): string {
  return `${what} ${text}`
}

function orNone(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}
