/** Header fields read from the raw lines, where the parser's own reading would lose something. */
import type { HeaderLines } from 'mailparser'

const KEPT = [
  'list-id',
  'list-unsubscribe',
  'auto-submitted',
  'precedence',
  'x-auto-response-suppress',
  'return-path',
  'x-failed-recipients',
  'feedback-id',
  'x-spam-flag',
  'content-type',
]

/** Most references that are kept: the root and the newest. */
const MAX_REFERENCES = 100

/** The value of the first field of this name, unfolded and trimmed; null when there is none. */
export function headerValue(lines: HeaderLines, name: string): string | null {
  const field = lines.find((line) => line.key === name)
  if (field === undefined) return null
  const value = Buffer.from(field.line, 'latin1').toString('utf8')
  return value
    .slice(value.indexOf(':') + 1)
    .replace(/\s+/g, ' ')
    .trim()
}

export function headerCount(lines: HeaderLines, name: string): number {
  return lines.filter((line) => line.key === name).length
}

/** The fields that tell machines from people, by small-letter name. */
export function keptHeaders(lines: HeaderLines): Record<string, string> {
  const kept = KEPT.map((name) => [name, headerValue(lines, name)] as const)
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== null))
}

/** Message-IDs of a field without angle brackets, in order, without repeats. */
export function messageIds(value: string | null): string[] {
  if (value === null) return []
  const bracketed = Array.from(value.matchAll(/<([^<>]+)>/g), (match) => match[1] ?? '')
  const ids = bracketed.length > 0 ? bracketed : value.split(' ')
  const distinct = new Set(ids.map((id) => id.replace(/[\s<>]/g, '')).filter((id) => id !== ''))
  const all = [...distinct]
  return all.length <= MAX_REFERENCES ? all : [...all.slice(0, 1), ...all.slice(1 - MAX_REFERENCES)]
}

/**
 * A Date field as ISO 8601; null when it can't be read. A time without a zone is read as UTC, so that it
 * means the same on every machine.
 */
export function isoDate(value: string): string | null {
  if (!/\d\D.*\d{2}/.test(value)) return null
  const zoned = /(?:[+-]\d{4}|\b(?:UTC?|GMT|Z|[ECMP][SD]T))\b/i.test(value) ? value : `${value} +0000`
  const time = Date.parse(zoned)
  const iso = Number.isNaN(time) ? '' : new Date(time).toISOString()
  return /^\d{4}-/.test(iso) ? iso : null
}
