/**
 * YAML files that a person edits: read, checked against a schema, and when something is wrong, every
 * mistake is named at once with its line, its column and its path.
 *
 * A mistake inside of a text (a reply template, a pattern) can be pointed at as well: a refinement of the
 * schema adds its issue with `params: { line, column }`, both counted from 1 within that text.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { ErrorCode } from '../kernel/error-table.ts'
import { HoldfastError } from '../kernel/errors.ts'
import { explainIssues, type Mistake, type Path } from './yaml-mistakes.ts'

export interface YamlProblem {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units. */
  readonly column: number
  /** Such as `criteria[2].weight`; '' for the whole file. */
  readonly path: string
  readonly message: string
}

/** Aliases in one file, at most: more is an attempt to exhaust the memory. */
const MAX_ALIASES = 100

/**
 * The content of a YAML file as its schema gives it back.
 *
 * @param text the file's text.
 * @param options `file` is the name used in messages, `code` the error's code.
 * @throws `code` naming every problem; `details` is `{ file, problems: YamlProblem[] }`. When the text is
 *   not YAML, only that is reported.
 */
export function parseYamlFile<T>(
  text: string,
  schema: z.ZodType<T>,
  options: { readonly file: string; readonly code: ErrorCode },
): T {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const problemAt = (offset: number, path: string, message: string): YamlProblem => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1), path, message }
  }

  const unreadable = [...document.errors, ...document.warnings]
  if (unreadable.length > 0) {
    throw invalid(
      options,
      unreadable.map((error) => problemAt(error.pos[0], '', error.message)),
    )
  }
  const result = schema.safeParse(plainValue(document, options), { reportInput: true })
  if (result.success) return result.data
  const source = { text, document }
  throw invalid(
    options,
    explainIssues(result.error.issues, schema).map((mistake) =>
      problemAt(offsetOf(mistake, source), pathText(mistake.path), mistake.message),
    ),
  )
}

/**
 * Where in a YAML text what stands at each path is, with what is to be said of it.
 * @param text as `parseYamlFile` has taken it
 */
export function placesIn(
  text: string,
  found: readonly { readonly path: Path; readonly message: string }[],
): YamlProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  return found.map(({ path, message }) => {
    const { line, col } = lines.linePos(offsetOf({ path, message, at: 'value' }, { text, document }))
    return { line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path), message }
  })
}

function plainValue(
  document: Document,
  options: { readonly file: string; readonly code: ErrorCode },
): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw invalid(options, [{ line: 1, column: 1, path: '', message }])
  }
}

function invalid(
  { file, code }: { readonly file: string; readonly code: ErrorCode },
  found: readonly YamlProblem[],
): HoldfastError {
  const problems = found.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const message = problems
    .map(({ line, column, path, message }) => `${line}:${column} ${path && `${path}: `}${message}`)
    .join('; ')
  return new HoldfastError(code, `${file}:${message}`, { details: { file, problems } })
}

interface Source {
  readonly text: string
  readonly document: Document
}

/** Where in the file a mistake is: at the key, within a text, at the value, or else at what should hold it. */
function offsetOf(mistake: Mistake, source: Source): number {
  let node: Node | null = source.document.contents
  let keyOffset = 0
  for (const part of mistake.path) {
    if (isAlias(node)) node = node.resolve(source.document) ?? null
    let next: unknown = null
    if (isSeq(node)) next = node.items[Number(part)]
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part))
      next = pair?.value
      keyOffset = isScalar(pair?.key) ? (pair.key.range?.[0] ?? keyOffset) : keyOffset
    }
    if (!isNode(next)) break
    node = next
  }
  if (mistake.at === 'key') return keyOffset
  if (typeof mistake.at === 'object') return offsetWithin(node, mistake.at, source.text)
  return node?.range?.[0] ?? 0
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)
}

/** The place of a line and column of a text in the file. Exact in literal blocks (`|`) and in one-line texts. */
function offsetWithin(node: Node | null, at: { line: number; column: number }, text: string): number {
  const start = node?.range?.[0] ?? 0
  if (!isScalar(node) || typeof node.value !== 'string') return start
  if (node.type === 'BLOCK_LITERAL') return offsetInBlock(node.range?.[1] ?? start, start, at, text)
  const quote = node.type === 'PLAIN' ? 0 : 1
  const verbatim = text.startsWith(node.value, start + quote)
  return verbatim && at.line === 1 ? start + quote + at.column - 1 : start
}

function offsetInBlock(
  end: number,
  start: number,
  at: { line: number; column: number },
  text: string,
): number {
  const firstLine = text.indexOf('\n', start) + 1
  const indent = /^(?:[ \t]*\r?\n)*( *)/.exec(text.slice(firstLine, end))?.[1]?.length ?? 0
  let lineStart = firstLine
  for (let line = 1; line < at.line; line++) lineStart = text.indexOf('\n', lineStart) + 1
  return Math.min(lineStart + indent + at.column - 1, end)
}

function pathText(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}
