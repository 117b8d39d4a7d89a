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

/** The value as lines of at most `width` columns: fields indented below their names, long text wrapped. */
export function valueLines(value: Json, width: number): string[] {
  if (Array.isArray(value))
    return value.length === 0 ? ['none'] : value.flatMap((item) => itemLines(item, width))
  if (value !== null && typeof value === 'object') return fieldLines(value as JsonObject, width)
  return scalarLines(value as null | boolean | number | string, width)
}

function fieldLines(object: JsonObject, width: number): string[] {
  const fields = Object.entries(object)
  if (fields.length === 0) return ['none']
  return fields.flatMap(([key, value]) => {
    const name = oneLine(key)
    const lines = valueLines(value, width - 2)
    const [only = ''] = lines
    const beside = lines.length === 1 && !isNested(value) && columns(name) + 2 + columns(only) <= width
    return beside ? [`${name}: ${only}`] : [`${name}:`, ...lines.map((line) => `  ${line}`)]
  })
}

function itemLines(value: Json, width: number): string[] {
  return valueLines(value, width - 2).map((line, i) => `${i === 0 ? '- ' : '  '}${line}`)
}

function isNested(value: Json): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0
}

function scalarLines(value: null | boolean | number | string, width: number): string[] {
  if (value === null) return ['–']
  if (typeof value !== 'string') return [String(value)]
  if (value === '') return ['""']
  return value
    .split(/\r\n|\r|\n/)
    .flatMap((line) => wrap(line.replaceAll('\t', '  ').replace(TRICKS, '�'), width))
}

/** Breaks at spaces, and inside a word that is wider than a line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.trimEnd().split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columns(longer) <= width) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    const parts = columns(word) <= width ? [word] : pieces(word, width)
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
