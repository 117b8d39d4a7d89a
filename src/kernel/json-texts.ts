/** The texts in a JSON value. */
import type { Json } from './json.ts'

/** The value with each of its texts, names of fields too, as `map` gives it. */
export function mapTexts<Value extends Json>(value: Value, map: (text: string) => string): Value {
  return mapped(value, map) as Value
}

function mapped(value: Json, map: (text: string) => string): Json {
  if (typeof value === 'string') return map(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => mapped(item, map))
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([name, item]) => [map(name), mapped(item as Json, map)]))
}
