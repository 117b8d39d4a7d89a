/** What a value is about: whom or what it names. */
import type { Json, JsonObject } from './json.ts'

/**
 * The single values within it, but for a display name beside an address (`{ name, address }`), which decides
 * nothing. A text such as `Ada <ada@ek.example>` counts as its address.
 */
export function subjectsOf(value: Json): Json[] {
  const found: Json[] = []
  collect(value, found)
  return found
}

/** In a loop and by keys: the policy asks this of each critical argument. */
function collect(value: Json, found: Json[]): void {
  if (typeof value === 'string') found.push(addressIn(value) ?? value)
  else if (typeof value !== 'object') found.push(value)
  else if (Array.isArray(value)) for (const one of value) collect(one, found)
  else if (value !== null) {
    const fields = value as JsonObject
    const isNamed = typeof fields.address === 'string'
    for (const name of Object.keys(fields)) {
      if (!isNamed || name !== 'name') collect(fields[name] ?? null, found)
    }
  }
}

/** The address of `Ada <ada@ek.example>`; null for any other text. */
function addressIn(text: string): string | null {
  if (!text.includes('<')) return null
  return /^[^<>@,;]*<([^\s<>@,;]+@[^\s<>@,;]+)>\s*$/u.exec(text)?.[1] ?? null
}
