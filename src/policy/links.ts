/**
 * Links: whatever the program of a reader might make clickable, or fetch by itself. Names of hosts are told from other
 * words by the list of top-level domains; what is written for HTML, Markdown or style sheets counts wherever it stands.
 */
import { Buffer } from 'node:buffer'
import domains from 'tlds' with { type: 'json' }
import type { Json } from '../kernel/json.ts'

/** A scheme, `www.`, a host with a path, a path to another host, an attribute that takes an address. */
const LINK = new RegExp(
  [
    String.raw`[a-z]:\/\/`,
    String.raw`\b(?:https?|ftps?|file|mailto|tel|sms|callto|skype|sip|xmpp|tg|whatsapp|facetime|magnet|bitcoin|intent|feed|view-source|javascript|vbscript|data|cid):\S`,
    String.raw`\bwww\d*\.`,
    String.raw`\bxn--`,
    String.raw`[^\s./:@]\.[^\s\d./:@<>()]{2,}\.?(?::\d+)?\/`,
    String.raw`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+|\/)`,
    String.raw`(?:^|[\s"'=(<[:])(?:\/\/|\\\\)[^\s/\\]`,
    String.raw`\b(?:href|src|srcset|action|formaction|background|poster)\s*=\s*\S`,
    String.raw`\burl\(|@import\b`,
    String.raw`\]\([^)\s]|^\s*\[[^\]]+\]:\s*\S`,
  ].join('|'),
  'im',
)
const HOST =
  /(?<![\p{L}\p{N}@-]|[\p{L}\p{N}]\.)(?:[\p{L}\p{N}-]{1,63}\.)+(\p{L}{2,63})(?![\p{L}\p{N}]|[\p{L}\p{N}.+_%-]{0,64}@)/gu
/** Those of documents stand for all others. */
const DOMAINS = new Set([...domains, 'onion', 'example'])

export function holdsLink(value: Json): boolean {
  if (typeof value === 'string') return isLink(value)
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(holdsLink)
  return Object.entries(value).some(([name, field]) => isLink(name) || holdsLink(field))
}

function isLink(given: string): boolean {
  if (given.length <= SHORT && isPlainWords(given)) return false
  if (given.includes('@') && ADDRESS.test(given)) return false
  const text = Buffer.byteLength(given) === given.length ? given : asRead(given)
  const isDotted = DOTTED.test(text)
  if (!isDotted && !hasMark(text)) return false
  if (LINK.test(text)) return true
  return isDotted && [...text.matchAll(HOST)].some(([, last = '']) => DOMAINS.has(last.toLowerCase()))
}

const SHORT = 40
const ADDRESS = /^[\w.+-]+@[\w.-]+$/
const DOTTED = /\.[a-z0-9\u0080-\uffff]/i

/** Letters, digits and spaces: of fields and short texts, that is seen soonest. */
function isPlainWords(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i) | 32
    if ((code < 97 || code > 122) && code !== 32 && (code < 48 || code > 57)) return false
  }
  return true
}

/** Most texts have none of what links are made of, and that is quickly seen: it is asked of all that leaves. */
function hasMark(text: string): boolean {
  return (
    text.includes('/') ||
    text.includes(':') ||
    text.includes('=') ||
    text.includes('\\') ||
    text.includes('](') ||
    text.includes('--') ||
    (text.includes('@') && /@import/i.test(text)) ||
    (text.includes('(') && /url\(/i.test(text))
  )
}

/** As a browser reads it: wide letters and dots as plain ones, and without what can't be seen. */
function asRead(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\u00ad\u200b-\u200d\u2060\ufeff]/g, '')
    .replace(/[。｡]/g, '.')
}
