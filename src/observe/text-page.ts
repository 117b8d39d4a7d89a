/** A page of text for a terminal, written from top to bottom: heads, fields with names, values, nothing wider than it. */
import type { Json } from '../kernel/json.ts'
import { spokenTime } from './measures.ts'
import { columns, cut, oneLine, valueLines, wrap } from './plain-text.ts'

/** Puts emphasis on a piece of text without changing its width. */
export interface TextStyle {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
}

export interface PageOptions {
  /** Default: none. */
  readonly style?: TextStyle
  /** Default 100. */
  readonly columns?: number
  /** Default UTC. */
  readonly timeZone?: string
  /** Most lines for one text, default 8, and for one value, default 40. The rest is counted. */
  readonly textLines?: number
  readonly valueLines?: number
}

const PLAIN: TextStyle = {
  strong: (text) => text,
  faint: (text) => text,
  good: (text) => text,
  bad: (text) => text,
}

/** Width of the column with the names of the fields. */
const NAMES = 11
const INDENT = 2

export class Page {
  readonly style: TextStyle
  readonly #width: number
  readonly #timeZone: string
  readonly #textLines: number
  readonly #valueLines: number
  readonly #lines: string[] = []

  constructor(options: PageOptions) {
    this.style = options.style ?? PLAIN
    this.#width = options.columns ?? 100
    this.#timeZone = options.timeZone ?? 'UTC'
    this.#textLines = options.textLines ?? 8
    this.#valueLines = options.valueLines ?? 40
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  time(timeMs: number): string {
    return spokenTime(timeMs, this.#timeZone)
  }

  blank(): void {
    this.#lines.push('')
  }

  /** A line that begins an entry, its second part at the right. */
  head(left: string, right: string, paint: (text: string) => string): void {
    const room = this.#width - columns(right) - 2
    const [first = '', ...more] = wrap(left, room)
    const gap = ' '.repeat(Math.max(2, this.#width - columns(first) - columns(right)))
    this.#lines.push(`${paint(first)}${gap}${this.style.faint(right)}`.trimEnd(), ...more.map(paint))
  }

  field(name: string, text: string, paint: (text: string) => string = (same) => same): void {
    if (text !== '') this.#put(name, wrap(oneLine(text), this.#room), paint)
  }

  value(name: string, value: Json): void {
    if (value === null) return
    const lines = valueLines(value, this.#room, this.#textLines)
    this.#put(name, cut(lines, this.#valueLines), (same) => same)
  }

  get #room(): number {
    return this.#width - INDENT - NAMES
  }

  #put(name: string, lines: readonly string[], paint: (text: string) => string): void {
    lines.forEach((line, i) => {
      const label = i === 0 ? this.style.faint(name.padEnd(NAMES)) : ' '.repeat(NAMES)
      this.#lines.push(`${' '.repeat(INDENT)}${label}${paint(line)}`.trimEnd())
    })
  }
}
