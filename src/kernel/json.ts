/**
 * JSON values: the only shape in which facts enter the log.
 *
 * A result that is journaled comes back from the journal as JSON. So that a run sees the same value
 * live and on replay, every value is brought to JSON once, at the border, by `toJson`.
 */
import { HoldfastError } from './errors.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/**
 * A deep JSON copy of `value`. `undefined` becomes `null` at the top and is dropped from objects, as
 * JSON.stringify does; an object with `toJSON` other than a Date is asked for its JSON.
 *
 * @throws VALUE_NOT_JSON naming the path, for what JSON would silently change: Date, Map, Set, Error, RegExp,
 *   a promise, bigint, NaN, functions, symbols, binary data, cycles.
 */
export function toJson(value: unknown, path = 'value'): Json {
  return copy(value, path, [])
}

function copy(value: unknown, path: string, above: readonly object[]): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'number':
      if (Number.isFinite(value)) return value + 0 // JSON has no -0
      throw notJson(path, String(value), 'use null or a string for it')
    case 'object':
      return value === null ? null : copyObject(value, path, above)
    default:
      throw notJson(path, `a ${typeof value}`, 'return plain data')
  }
}

/** Objects that JSON takes, but turns into something else. */
const MISFITS: readonly { fits: (value: object) => boolean; what: string; fix: string }[] = [
  { fits: (value) => value instanceof Date, what: 'a Date', fix: 'use .toISOString() or .getTime()' },
  { fits: (value) => value instanceof Map, what: 'a Map', fix: 'use Object.fromEntries(…)' },
  { fits: (value) => value instanceof Set, what: 'a Set', fix: 'use an array' },
  { fits: (value) => value instanceof Promise, what: 'a promise', fix: 'await it' },
  { fits: (value) => value instanceof Error, what: 'an Error', fix: 'throw it, or use its message' },
  { fits: (value) => value instanceof RegExp, what: 'a RegExp', fix: 'use its source' },
  {
    fits: (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer,
    what: 'binary data',
    fix: 'encode it as base64',
  },
]

function copyObject(value: object, path: string, above: readonly object[]): Json {
  if (above.includes(value)) throw notJson(path, 'a cycle', 'return a tree')
  const below = [...above, value]
  if (Array.isArray(value)) return Array.from(value, (item, i) => copy(item, `${path}[${i}]`, below))
  const misfit = isPlain(value) ? undefined : MISFITS.find(({ fits }) => fits(value))
  if (misfit !== undefined) throw notJson(path, misfit.what, misfit.fix)
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), path, below)
  const out: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) setField(out, key, copy(item, `${path}.${key}`, below))
  }
  return out
}

/** What object literals and JSON.parse give: the most common case, told at once. */
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype
}

/** Sets an own property even when the key is `__proto__`, which assignment would misread. */
export function setField(target: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else target[key] = value
}

function notJson(path: string, what: string, fix: string): HoldfastError {
  return new HoldfastError('VALUE_NOT_JSON', `${path} is ${what}, which JSON can't hold`, {
    details: { path },
    fix: `${fix}, so that a replay sees the same value`,
  })
}

/** JSON text with object keys in sorted order: equal values give equal text, fit for hashing. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as JsonObject
  const fields = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`)
  return `{${fields.join(',')}}`
}
