/**
 * Values as lines of text that fit a terminal. What came from outside can't play tricks there: control
 * characters and those that reorder text are shown as `�`.
 */
import type { Json, JsonObject } from '../kernel/json.ts'

const TRICKS = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
const WIDE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u
const NO_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u
const ASCII = /^[ -~]*$/

/** One line: tabs and line breaks become spaces. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(TRICKS, '�').trim()
}

/**
 * The value as lines of at most `width` columns: fields indented below their names, text wrapped. Of a text
 * that takes more than `textLines` lines the rest is counted.
 */
export function valueLines(value: Json, width: number, textLines = Number.POSITIVE_INFINITY): string[] {
  const below = (inner: Json) => valueLines(inner, width - 2, textLines)
  if (Array.isArray(value))
    return value.length === 0 ? ['none'] : value.flatMap((item) => listed(below(item)))
  if (value !== null && typeof value === 'object') return fieldLines(value as JsonObject, width, below)
  return typeof value === 'string'
    ? shortened(value, width, textLines)
    : [value === null ? '–' : String(value)]
}

function fieldLines(object: JsonObject, width: number, below: (inner: Json) => string[]): string[] {
  const fields = Object.entries(object)
  if (fields.length === 0) return ['none']
  return fields.flatMap(([key, value]) => {
    const name = oneLine(key)
    const lines = below(value)
    const [only = ''] = lines
    const fits = lines.length === 1 && columns(name) + 2 + columns(only) <= width
    return fits && !isNested(value) ? [`${name}: ${only}`] : [`${name}:`, ...lines.map((line) => `  ${line}`)]
  })
}

function listed(lines: readonly string[]): string[] {
  return lines.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`)
}

function isNested(value: Json): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0
}

function shortened(text: string, width: number, most: number): string[] {
  if (text === '') return ['""']
  const lines = text
    .split(/\r\n|\r|\n/)
    .flatMap((line) => wrap(line.replaceAll('\t', '  ').replace(TRICKS, '�'), width))
  return cut(lines, most)
}

/** At most `most` lines, the last of which says how many were left out. */
export function cut(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines]
  return [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more lines`]
}

/** Breaks at spaces, and inside a word that is wider than a line. What is before the first word stays. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.trimEnd().split(/(?<=\S) /)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columns(longer) <= width) {
      line = longer
      continue
    }
    const rest = line === '' ? word : word.trimStart()
    if (line !== '') lines.push(line)
    const parts = columns(rest) <= width ? [rest] : pieces(rest, width)
    lines.push(...parts.slice(0, -1))
    line = parts.at(-1) ?? ''
  }
  return [...lines, line]
}

function pieces(word: string, width: number): string[] {
  const parts: string[] = []
  let part = ''
  let used = 0
  for (const char of word) {
    const more = columns(char)
    if (used + more > width && part !== '') {
      parts.push(part)
      part = ''
      used = 0
    }
    part += char
    used += more
  }
  return [...parts, part]
}

/** How many columns of a terminal the text takes. */
export function columns(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const char of text) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1
  return width
}
