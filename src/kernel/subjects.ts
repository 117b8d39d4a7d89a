/** What a value is about: whom or what it names. */
import type { Json, JsonObject } from './json.ts'

/**
 * The single values within it, but for a display name beside an address (`{ name, address }`), which decides
 * nothing. A text such as `Ada <ada@ek.example>` counts as its address.
 */
export function subjectsOf(value: Json): Json[] {
  if (Array.isArray(value)) return value.flatMap(subjectsOf)
  if (typeof value === 'string') return [addressIn(value) ?? value]
  if (typeof value !== 'object' || value === null) return value === null ? [] : [value]
  const isNamed = typeof (value as JsonObject).address === 'string'
  return Object.entries(value as JsonObject).flatMap(([name, field]) =>
    isNamed && name === 'name' ? [] : subjectsOf(field),
  )
}

/** The address of `Ada <ada@ek.example>`; null for any other text. */
function addressIn(text: string): string | null {
  return /^[^<>@,;]*<([^\s<>@,;]+@[^\s<>@,;]+)>\s*$/u.exec(text)?.[1] ?? null
}
