/**
 * HTML as the text a reader would see. What a reader would not see (see look.ts) is left out, so that
 * words hidden in a mail can't pass for its writing.
 */
import { compile } from 'html-to-text'
import { Parser } from 'htmlparser2'
import { type Look, lookOf, PLAIN, type Rules, rulesOf } from './look.ts'

/** Elements whose content is never writing. */
const SILENT = new Set(['script', 'style', 'title', 'template'])
const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '))
const KEPT_ATTRIBUTES = ['href', 'start']

/** Deeper nesting loses its tags but not its text, so that no mail can exhaust the stack. */
const MAX_DEPTH = 100
/** Documents longer than this, or nested deeper than any mail program writes, are read up to there. */
const MAX_LENGTH = 1_000_000
const MAX_NESTING = 1000
const PIECE = 16_384

const textOf = compile({
  wordwrap: false,
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    { selector: 'img', format: 'skip' },
    { selector: 'tr', format: 'block' },
    { selector: 'td', format: 'inlineSurround', options: { suffix: ' ' } },
    { selector: 'th', format: 'inlineSurround', options: { suffix: ' ' } },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
      selector,
      options: { uppercase: false },
    })),
  ],
})

export interface VisibleText {
  readonly text: string
  /** True when words were left out because a reader would not see them. */
  readonly hidden: boolean
  /** True when the document was too large to be read to its end. */
  readonly cut: boolean
}

export function visibleText(html: string): VisibleText {
  const visible = visibleHtml(html)
  return { text: textOf(visible.html), hidden: visible.hidden, cut: visible.cut }
}

/** The same document without its hidden parts, comments and styling. */
function visibleHtml(html: string): { html: string; hidden: boolean; cut: boolean } {
  const out: string[] = []
  const open: Array<{ name: string; look: Look }> = []
  let rules: Rules = new Map()
  let css = ''
  let hidden = false
  const lookNow = () => open.at(-1)?.look ?? PLAIN
  const shows = (look: Look) => !look.gone && open.length <= MAX_DEPTH

  const parser = new Parser({
    onopentag(name, attributes) {
      const seen = lookOf(lookNow(), attributes, rules)
      const look = SILENT.has(name) ? { ...seen, gone: true } : seen
      open.push({ name, look })
      if (shows(look)) out.push(`<${name}${keptAttributes(attributes)}>`)
    },
    ontext(text) {
      const inside = open.at(-1)?.name ?? ''
      if (inside === 'style') css += text
      if (SILENT.has(inside)) return
      if (isReadable(lookNow())) out.push(escapeText(text))
      else hidden ||= /\p{L}/u.test(text)
    },
    oncomment(text) {
      hidden ||= isWriting(text)
    },
    onclosetag(name) {
      const element = open.at(-1)
      if (element === undefined) return
      if (shows(element.look) && !VOID.has(name)) out.push(`</${name}>`)
      open.pop()
      if (name !== 'style') return
      rules = rulesOf(css, rules)
      css = ''
    },
  })
  let at = 0
  for (; at < html.length && at < MAX_LENGTH && open.length < MAX_NESTING; at += PIECE) {
    parser.write(html.slice(at, at + PIECE))
  }
  parser.end()
  return { html: out.join(''), hidden, cut: at < html.length }
}

function isReadable(look: Look): boolean {
  return !look.gone && !look.unseen && !look.tiny && !look.blended
}

/** A comment of several words that is neither a conditional one nor a template's marker. */
function isWriting(comment: string): boolean {
  return !/^\s*(?:\[|<!)/.test(comment) && (comment.match(/\p{L}{2,}/gu)?.length ?? 0) >= 6
}

function keptAttributes(attributes: Readonly<Record<string, string>>): string {
  return KEPT_ATTRIBUTES.map((name) => {
    const value = attributes[name]
    return value === undefined ? '' : ` ${name}="${escapeText(value)}"`
  }).join('')
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
