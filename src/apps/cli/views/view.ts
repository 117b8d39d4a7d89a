/** What all views of the terminal share. A view turns the data of a command into text, and nothing else. */
import { columns, oneLine, wrap } from '../../../observe/plain-text.ts'
import type { Colors } from '../output.ts'
import type { Call } from '../verb.ts'

export interface View {
  readonly colors: Colors
  /** Columns. */
  readonly width: number
  /** Milliseconds since 1970. */
  readonly now: number
  /** How to type a command here. */
  readonly command: (words: string) => string
}

export function viewOf({ out, command }: Pick<Call, 'out' | 'command'>): View {
  return { colors: out.colors, width: out.width, now: Date.now(), command }
}

/** Wrapped to the width with every line indented; at most `most` lines, the last with `…` if there was more. */
export function block(
  text: string,
  indent: number,
  width: number,
  most = Number.POSITIVE_INFINITY,
): string[] {
  const lines = wrap(oneLine(text), width - indent)
  const shown = lines.slice(0, most)
  if (lines.length > most) shown[most - 1] = fit(`${shown[most - 1]} ${lines[most]}`, width - indent)
  return shown.map((line) => ' '.repeat(indent) + line)
}

/** Text of several lines, such as a mail, wrapped and indented; control characters are made visible. */
export function prose(text: string, indent: number, width: number): string[] {
  return text
    .trim()
    .split(/\r\n|\r|\n/)
    .flatMap((line) => (line.trim() === '' ? [''] : block(line, indent, width)))
}

/** Cut to so many columns, with `…` where something was left out. */
export function fit(text: string, width: number): string {
  if (columns(text) <= width) return text
  let cut = ''
  for (const char of text) {
    if (columns(cut) + columns(char) > width - 1) break
    cut += char
  }
  return `${cut.trimEnd()}…`
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}

export interface Column {
  readonly title: string
  /** Gives way first when the table is too wide: the columns with the highest number. Default 0, never. */
  readonly gives?: number
  /** Narrowest it gets by giving way, default 8. */
  readonly least?: number
  readonly right?: true
  readonly paint?: (text: string, row: number) => string
}

/** Aligned columns two spaces apart, fitted to the width. */
export function table(
  columnsOf: readonly Column[],
  rows: readonly (readonly string[])[],
  view: View,
): string[] {
  const clean = rows.map((row) => row.map(oneLine))
  const widths = columnsOf.map(({ title }, i) =>
    Math.max(columns(title), ...clean.map((row) => columns(row[i] ?? ''))),
  )
  shrink(widths, columnsOf, view.width - 2 * (columnsOf.length - 1))
  const line = (cells: readonly string[], row: number) =>
    columnsOf
      .map(({ right, paint }, i) => {
        const width = widths[i] ?? 0
        const text = fit(cells[i] ?? '', width)
        const painted = row >= 0 && paint ? paint(text, row) : text
        const gap = ' '.repeat(Math.max(0, width - columns(text)))
        return right ? gap + painted : painted + gap
      })
      .join('  ')
      .trimEnd()
  return [
    view.colors.dim(
      line(
        columnsOf.map(({ title }) => title),
        -1,
      ),
    ),
    ...clean.map((row, i) => line(row, i)),
  ]
}

const NARROWEST = 8

function shrink(widths: number[], columnsOf: readonly Column[], room: number): void {
  const order = columnsOf
    .map(({ gives = 0, least = NARROWEST }, i) => ({ gives, least, i }))
    .filter(({ gives }) => gives > 0)
    .sort((a, b) => b.gives - a.gives)
  for (const { i, least } of order) {
    const excess = widths.reduce((sum, width) => sum + width, 0) - room
    if (excess <= 0) return
    widths[i] = Math.max(Math.min(least, widths[i] ?? 0), (widths[i] ?? 0) - excess)
  }
}

/** `just now`, `5 min`, `3 h`, `12 d`; a date for what lies further back, or ahead. */
export function age(timeMs: number, now: number): string {
  const minutes = Math.floor((now - timeMs) / 60_000)
  if (minutes < -1 || minutes >= 90 * 1_440) return day(timeMs)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min`
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} d`
}

/** `Thu 26 Nov 2026, 09:12`, in the time zone of this machine. */
export function moment(timeMs: number): string {
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(timeMs)
  return `${day(timeMs)}, ${time}`
}

function day(timeMs: number): string {
  const parts = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const
  return new Intl.DateTimeFormat('en-GB', parts).format(timeMs).replace(',', '')
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** `1 message`, `2 messages`. */
export function count(number: number, noun: string, many = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : many}`
}

/** Whom it is from: `Ada Ek <ada@ek.example>`, or the address alone. */
export function person(who: { readonly name: string; readonly address: string } | null): string {
  if (who === null) return ''
  return who.name === '' ? who.address : `${who.name} <${who.address}>`
}

/** Commands to type, each with what it does, aligned. */
export function whatNext(lines: readonly (readonly [command: string, what: string])[], view: View): string[] {
  const { bold, dim } = view.colors
  const widest = Math.max(...lines.map(([command]) => columns(command)))
  const room = view.width - widest - 4
  const inline = room >= 24
  return [
    bold('What next'),
    ...lines.flatMap(([command, what]) =>
      inline
        ? [`  ${pad(command, widest)}  ${dim(fit(what, room))}`]
        : [`  ${command}`, `      ${dim(what)}`],
    ),
  ]
}
