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
    const isNamed = isAddressed(fields)
    for (const name of Object.keys(fields)) {
      if (!isNamed || name !== 'name') collect(fields[name] ?? null, found)
    }
  }
}

/** Whether a name in it is no more than a display name. */
function isAddressed({ address, name }: JsonObject): boolean {
  return typeof address === 'string' && address.includes('@') && typeof name === 'string'
}

/**
 * Whether it is nothing but one single value, or texts and addresses with their names, in whatever order. Of anything
 * else, what belongs to what is as much of what it says as its single values are.
 */
export function isPlain(value: Json): boolean {
  return Array.isArray(value) ? value.every(isWhom) : typeof value !== 'object' || isWhom(value)
}

function isWhom(value: Json): boolean {
  if (Array.isArray(value)) return value.every(isWhom)
  if (typeof value !== 'object' || value === null) return typeof value === 'string' || value === null
  return (
    Object.keys(value).every((name) => name === 'name' || name === 'address') &&
    isAddressed(value as JsonObject)
  )
}

/** The address of `Ada <ada@ek.example>`; null for any other text. */
function addressIn(text: string): string | null {
  if (!text.includes('<')) return null
  return /^[^<>@,;]*<([^\s<>@,;]+@[^\s<>@,;]+)>\s*$/u.exec(text)?.[1] ?? null
}
