/**
 * Parts a mail into what its writer wrote this time, the earlier messages that it quotes, and the
 * signature. Three ways of quoting are known: lines that begin with '>', wherever they stand; an
 * attribution ('On … wrote:') with the earlier message below; and the header block or separator line that
 * Outlook and forwarding put before it. Whatever is not surely quoted counts as fresh.
 */
import {
  FOOTER,
  FORWARD,
  HEADER_FROM,
  HEADER_SENT,
  HEADER_SUBJECT,
  HEADER_TO,
  OPENING,
  RULE,
  SEPARATOR,
  WROTE,
} from './quote-words.ts'

export interface MailParts {
  readonly fresh: string
  readonly quoted: string
  readonly signature: string
}

/** An attribution is wrapped over at most this many lines. */
const ATTRIBUTION_LINES = 4
const ATTRIBUTION_LENGTH = 400
/** The lines that follow From: in the header block of a quoted message. */
const HEADER_BLOCK_LINES = 6
/** A longer tail than this is writing, not a signature; nor is one below a program's own footer. */
const SIGNATURE_LINES = 20
const FOOTER_LINES = 4
/** What stands alone above a signature; phones make a dash of the two hyphens. */
const MARKER = /^(?:--|[—–])$/

/** @param text with LF line ends. */
export function splitMail(text: string): MailParts {
  const lines = text.split('\n')
  const fresh: string[] = []
  const quoted: string[] = []
  let at = 0
  while (at < lines.length) {
    if (startsQuotedRest(lines, at)) break
    const attribution = attributionAt(lines, at)
    if (attribution > 0 && !isQuoteLine(nextWritten(lines, at + attribution))) break
    const taken = attribution > 0 ? attribution : isQuoteLine(lines[at]) ? 1 : 0
    if (taken > 0) quoted.push(...lines.slice(at, at + taken))
    else fresh.push(lines[at] ?? '')
    at += taken || 1
  }
  quoted.push(...lines.slice(at))
  const { body, signature } = splitSignature(fresh)
  return { fresh: joined(body), quoted: joined(quoted), signature: joined(signature) }
}

function isQuoteLine(line: string | undefined): boolean {
  return line?.startsWith('>') ?? false
}

function nextWritten(lines: readonly string[], from: number): string | undefined {
  for (let at = from; at < lines.length; at++) if (lines[at] !== '') return lines[at]
  return undefined
}

/** True when everything from this line on is an earlier message. */
function startsQuotedRest(lines: readonly string[], at: number): boolean {
  const line = lines[at] ?? ''
  if (SEPARATOR.test(line) || FORWARD.test(line)) return true
  if (RULE.test(line)) return isHeaderBlock(lines, at + 1)
  return isHeaderBlock(lines, at)
}

/** `From: … Sent: … Subject: …` in any of the known languages, in any order after From. */
function isHeaderBlock(lines: readonly string[], at: number): boolean {
  if (!HEADER_FROM.test(lines[at] ?? '')) return false
  const block = lines.slice(at + 1, at + 1 + HEADER_BLOCK_LINES)
  const has = (label: RegExp) => block.some((line) => label.test(line))
  return has(HEADER_SUBJECT) && (has(HEADER_SENT) || has(HEADER_TO))
}

/** The number of lines of the attribution that begins here, 0 when none does. */
function attributionAt(lines: readonly string[], at: number): number {
  const first = lines[at] ?? ''
  const before = lines[at - 1] ?? ''
  const startsHere = OPENING.test(first) || before === '' || isQuoteLine(before)
  if (first === '' || isQuoteLine(first) || !startsHere) return 0
  let sentence = ''
  for (let count = 1; count <= ATTRIBUTION_LINES; count++) {
    const line = lines[at + count - 1] ?? ''
    if (line === '' || isQuoteLine(line)) return 0
    sentence = sentence === '' ? line : `${sentence} ${line}`
    if (sentence.length > ATTRIBUTION_LENGTH) return 0
    if (/[:：]$/.test(line)) return isAttribution(sentence, nextWritten(lines, at + count)) ? count : 0
  }
  return 0
}

/** It names a time or an address, and says 'wrote' or stands above a quote. */
function isAttribution(sentence: string, next: string | undefined): boolean {
  const address = /\S@\S+\.\S/.test(sentence)
  const time = /\d{1,2}[:.h]\d{2}/.test(sentence)
  const day = /\d{1,2}.*\d{4}|\d{4}.*\d{1,2}/.test(sentence)
  const above = isQuoteLine(next)
  if (WROTE.test(sentence)) return address || (time && day) || (above && (time || day || /\d/.test(sentence)))
  return above && (time || address) && day
}

function splitSignature(lines: readonly string[]): { body: string[]; signature: string[] } {
  const end = lines.findLastIndex((line) => line !== '') + 1
  const written = lines.slice(0, end)
  const start = written.findIndex((line, i) => end - i <= longestTail(line))
  if (start < 0) return { body: written, signature: [] }
  return { body: written.slice(0, start), signature: written.slice(start) }
}

/** How many lines a signature that begins with this line may have; 0 when none begins here. */
function longestTail(line: string): number {
  if (MARKER.test(line)) return SIGNATURE_LINES
  return FOOTER.test(line) ? FOOTER_LINES : 0
}

/** Without the marker line of a signature at its top, and without more than one empty line in a row. */
function joined(lines: readonly string[]): string {
  return lines
    .join('\n')
    .replace(/^(?:--|[—–])\n/, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
