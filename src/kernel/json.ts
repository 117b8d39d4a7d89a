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
 *   a promise, bigint, NaN, functions, symbols, binary data, cycles; and for what is nested more than 500 deep.
 */
export function toJson(value: unknown, path = 'value'): Json {
  return copy(value, path, null)
}

/** Deeper, what others read it with would give up. */
const MOST_DEEP = 500

/** An object that is being copied. */
interface Copying {
  readonly object: object
  readonly key: Key
  readonly above: Copying | null
  readonly depth: number
}

/** Of a value in the object above it; null for the object itself, as its `toJSON` gives it. */
type Key = string | number | null

function copy(value: unknown, key: Key, above: Copying | null): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'number':
      if (Number.isFinite(value)) return value + 0 // JSON has no -0
      throw notJson(pathOf(key, above), String(value), 'use null or a string for it')
    case 'object':
      return value === null ? null : copyObject(value, key, above)
    default:
      throw notJson(pathOf(key, above), `a ${typeof value}`, 'return plain data')
  }
}

function pathOf(key: Key, above: Copying | null): string {
  if (above === null) return String(key)
  const path = pathOf(above.key, above.above)
  if (key === null) return path
  return Array.isArray(above.object) ? `${path}[${key}]` : `${path}.${key}`
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

function copyObject(value: object, key: Key, above: Copying | null): Json {
  for (let one = above; one !== null; one = one.above) {
    if (one.object === value) throw notJson(pathOf(key, above), 'a cycle', 'return a tree')
  }
  const here = { object: value, key, above, depth: (above?.depth ?? 0) + 1 }
  if (here.depth > MOST_DEEP) throw tooDeep(here)
  if (Array.isArray(value)) return Array.from(value, (item, i) => copy(item, i, here))
  const misfit = isPlain(value) ? undefined : MISFITS.find(({ fits }) => fits(value))
  if (misfit !== undefined) throw notJson(pathOf(key, above), misfit.what, misfit.fix)
  if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), null, here)
  const out: Record<string, Json> = {}
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) setField(out, name, copy(item, name, here))
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

function tooDeep(copying: Copying): HoldfastError {
  let top = copying
  while (top.above !== null) top = top.above
  const path = String(top.key)
  return new HoldfastError('VALUE_NOT_JSON', `${path} is nested more than ${MOST_DEEP} deep`, {
    details: { path, most: MOST_DEEP },
    fix: 'Keep data flatter, or as a text.',
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
