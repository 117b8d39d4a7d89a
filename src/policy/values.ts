/** What the policy reads in the values of arguments: whom they address, and whether they hold a link. */
import type { Json } from '../kernel/json.ts'
import { subjectsOf } from '../kernel/subjects.ts'

/** Whether all of it is in the address book, and there is something. */
export function isInBook(value: Json, book: readonly string[]): boolean {
  const subjects = subjectsOf(value)
  return subjects.length > 0 && subjects.every((subject) => typeof subject === 'string' && has(book, subject))
}

function has(book: readonly string[], subject: string): boolean {
  const address = subject.trim().toLowerCase()
  if (book.includes(address)) return true
  const at = /^[^\s<>@,;]+(@[^\s<>@,;]+)$/u.exec(address)
  return at !== null && book.includes(at[1] ?? '')
}

/** A scheme with `://`, `www.`, `mailto:` and its like, or a host with a path: what a reader's program makes clickable. */
const LINK =
  /[a-z]:\/\/|\bwww\.|\b(?:mailto|tel|javascript|data):\S|[^\s./:@]\.[^\s\d./:@<>()]{2,}(?::\d+)?\/|\bxn--/i

function isLink(text: string): boolean {
  // Most texts have none of these, and that is quickly seen.
  const mayBe = text.includes('/') || text.includes(':') || /www\.|xn--/i.test(text)
  return mayBe && LINK.test(text)
}

export function holdsLink(value: Json): boolean {
  if (typeof value === 'string') return isLink(value)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsLink)
  return Object.entries(value).some(([name, field]) => isLink(name) || holdsLink(field))
}
