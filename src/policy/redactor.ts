/**
 * The second line: whoever handles secrets does not tell them, and where one turns up all the same, in an error that
 * a server echoed or an answer of a model, it is replaced by its handle before it is written or shown.
 *
 * It is found as it is, and as base64 (at whatever place in a longer text it stands), base64url, hex,
 * percent-encoded, and escaped as in JSON; the longest first. A value of less than 8 characters is not looked for.
 * A piece of a value is not found.
 */
import { type Redactor, SHORTEST_REDACTED } from '../ports/vault.ts'

export function createRedactor(): Redactor {
  const handles = new Map<string, string>()
  let forms: readonly string[] = []
  let pattern = /(?!)/g

  function text(given: string): string {
    if (!forms.some((form) => given.includes(form))) return given
    return given.replace(pattern, (found) => handles.get(found) ?? found)
  }

  function json<Value>(value: Value): Value {
    return (forms.length === 0 ? value : walk(value)) as Value
  }

  function walk(value: unknown): unknown {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) {
      const items = value.map(walk)
      return items.every((item, i) => item === value[i]) ? value : items
    }
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value)
    const walked = entries.map(([key, item]) => [text(key), walk(item)] as const)
    const same = walked.every(([key, item], i) => key === entries[i]?.[0] && item === entries[i]?.[1])
    return same ? value : Object.fromEntries(walked)
  }

  return {
    know(value, handle) {
      if (value.length < SHORTEST_REDACTED || handles.has(value)) return
      for (const form of formsOf(value)) if (!handles.has(form)) handles.set(form, handle)
      forms = [...handles.keys()].sort((a, b) => b.length - a.length)
      pattern = new RegExp(forms.map((form) => RegExp.escape(form)).join('|'), 'g')
    },
    text,
    json,
  }
}

function formsOf(value: string): Set<string> {
  const bytes = Buffer.from(value)
  const encoded = encodeURIComponent(value)
  return new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    encoded,
    encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams({ value }).toString().slice('value='.length),
    bytes.toString('base64'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((before) => withinBase64(bytes, before)),
  ])
}

/**
 * What of its base64 does not depend on what stands around it, with so many bytes (modulo 3) in front. Up to 4 bits of
 * its first and its last byte stay, which say nothing by themselves.
 */
function withinBase64(bytes: Buffer, before: number): string[] {
  const text = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const from = Math.ceil((before * 4) / 3)
  const length = Math.floor(((before + bytes.length) * 4) / 3)
  const own = text.slice(from, length)
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
}
