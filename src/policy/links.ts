/**
 * Links: whatever the program of a reader might make clickable, or fetch by itself. Names of hosts are told from other
 * words by the list of top-level domains; what is written for HTML, Markdown or style sheets counts wherever it stands.
 */
import { Buffer } from 'node:buffer'
import domains from 'tlds' with { type: 'json' }
import type { Json, JsonObject } from '../kernel/json.ts'
import { UNSEEN } from './unseen.ts'

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
  const fields = value as JsonObject
  for (const name in fields) if (isLink(name) || holdsLink(fields[name] ?? null)) return true
  return false
}

function isLink(given: string): boolean {
  if (given.length <= SHORT && isPlainWords(given)) return false
  if ((given.includes('@') && ADDRESS.test(given)) || !hasSigns(given)) return false
  const text = isAscii(given) ? given : asRead(given)
  if (LINK.test(text)) return true
  return [...text.matchAll(HOST)].some(([, last = '']) => DOMAINS.has(last.toLowerCase()))
}

const ADDRESS = /^[\w.+-]+@[\w.-]+$/
const SHORT = 40

/** Letters, digits, spaces, and stops before them: of fields and short texts, that is seen soonest. */
function isPlainWords(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    const letter = code | 32
    const isWord = (letter >= 97 && letter <= 122) || code === 32 || (code >= 48 && code <= 57)
    const isStop = (code === 46 || code === 58) && (i === text.length - 1 || text.charCodeAt(i + 1) === 32)
    if (!isWord && !isStop) return false
  }
  return true
}

/** A dot or a colon before a space is the end of some words. */
const SIGNS = /[/=\\(@]|--|\]:|[.:]\S/

/** Whether anything is in it that links are made of: most texts have nothing, and it is asked of all that leaves. */
function hasSigns(text: string): boolean {
  return !isAscii(text) || SIGNS.test(text)
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

const HIDDEN = new RegExp(`[${UNSEEN}]`, 'g')

/** As a browser reads it: wide letters and dots as plain ones, and without what can't be seen. */
function asRead(text: string): string {
  return text.normalize('NFKC').replace(HIDDEN, '').replace(/[。｡]/g, '.')
}
