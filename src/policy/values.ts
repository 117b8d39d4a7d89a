/** What the policy reads in the values of arguments: whether all that they address is in the address book. */
import type { Json, JsonObject } from '../kernel/json.ts'
import { subjectsOf } from '../kernel/subjects.ts'

/** Whether all of it is in the address book, and there is something. */
export function isInBook(value: Json, book: readonly string[]): boolean {
  const subjects = subjectsOf(value)
  const isKnown = subjects.length > 0 && subjects.every((one) => typeof one === 'string' && has(book, one))
  return isKnown && hasNamesOnly(value)
}

/** Of all of a domain, what a mail server might pass on to another (`eve%evil.example@…`) is not taken for known. */
function has(book: readonly string[], subject: string): boolean {
  const address = inSmallLetters(subject.trim())
  if (address === '') return false
  const known = inSet(book)
  if (known.has(address)) return true
  const at = /^[^\s<>@,;%!]+(@[^\s<>@,;]+)$/u.exec(address)
  return at !== null && known.has(at[1] ?? '')
}

/** Of each book, anew when it has grown or shrunk. */
const sets = new WeakMap<readonly string[], { readonly size: number; readonly all: ReadonlySet<string> }>()

function inSet(book: readonly string[]): ReadonlySet<string> {
  const last = sets.get(book)
  if (last?.size === book.length) return last.all
  const all = new Set(book)
  sets.set(book, { size: book.length, all })
  return all
}

/** Those of ASCII: others are letters of their own to a mail server, even where Unicode takes them for the same. */
function inSmallLetters(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text
}

/** A key that is more than the name of a field might say whom it touches. */
function hasNamesOnly(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(hasNamesOnly)
  const fields = value as JsonObject
  for (const key in fields) {
    if (key !== 'address' && key !== 'name' && !/^[a-z]+$/i.test(key)) return false
    if (!hasNamesOnly(fields[key] ?? null)) return false
  }
  return true
}
