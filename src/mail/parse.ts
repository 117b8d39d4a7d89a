/**
 * Raw bytes to a mail. MIME, encodings and addresses are mailparser's work; what a mail means here (its
 * identity, what is visible, fresh or quoted, what is odd) is decided in this folder. Nothing that comes
 * in by mail can make it throw anything but MAIL_MALFORMED.
 */
import { type ParsedMail, simpleParser } from 'mailparser'
import { HoldfastError } from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import { calendarPart } from './calendar.ts'
import { cleanLine, cleanText } from './clean.ts'
import { headerCount, headerValue, isoDate, keptHeaders, messageIds } from './headers.ts'
import { visibleText } from './html.ts'
import { languageOf } from './language.ts'
import type { Attachment, CalendarPart, MailMessage } from './message.ts'
import { type People, peopleOf } from './people.ts'
import { splitMail } from './quotes.ts'
import { sha256Of } from './raw.ts'

/** Text beyond this many characters is cut: nobody wrote it, and nobody will read it. */
const MAX_TEXT = 200_000
/** How far into a message its structure is looked for. */
const STRUCTURE_BYTES = 1024 * 1024

/** @throws MAIL_MALFORMED with `sha256` and `size` in the details for what isn't mail. */
export async function parseMail(raw: Uint8Array): Promise<MailMessage> {
  const sha256 = sha256Of(raw)
  const parsed = await read(raw, sha256)
  const people = peopleOf(parsed)
  if (people === null) throw malformed(sha256, raw.length, 'it names no sender')
  const oddities: string[] = [...people.oddities]
  const fields = fieldsOf(parsed, oddities)
  const body = bodyOf(parsed, raw, oddities)
  const parts = splitMail(body.text)
  return {
    id: idOf(fields, people, body.source),
    ...fields,
    from: people.from,
    to: people.to,
    cc: people.cc,
    replyTo: people.replyTo,
    text: body.text,
    ...parts,
    language: languageOf(parts.fresh === '' ? body.text : parts.fresh),
    headers: keptHeaders(parsed.headerLines),
    attachments: parsed.attachments.map(attachmentOf),
    calendar: calendarOf(parsed),
    oddities,
    raw: { sha256, size: raw.length },
  }
}

async function read(raw: Uint8Array, sha256: string): Promise<ParsedMail> {
  try {
    const parsed = await simpleParser(Buffer.from(raw.subarray(startOf(raw))), {
      skipHtmlToText: true,
      skipImageLinks: true,
      skipTextLinks: true,
    })
    if (parsed.headerLines?.some((line) => line.key === 'from')) return parsed
  } catch (cause) {
    throw malformed(sha256, raw.length, cause instanceof Error ? cause.message : String(cause), cause)
  }
  throw malformed(sha256, raw.length, 'it has no From header')
}

function malformed(sha256: string, size: number, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('MAIL_MALFORMED', `${sha256} (${size} bytes) can't be read as mail: ${why}`, {
    details: { sha256, size, why },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Where the headers begin: after a byte order mark, empty lines, and the separator line of an mbox. */
function startOf(raw: Uint8Array): number {
  const head = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.length, 1000)).toString('latin1')
  return /^(?:\xEF\xBB\xBF)?(?:\r?\n)*(?:>?From [^\r\n]*\r?\n)?/.exec(head)?.[0].length ?? 0
}

type Fields = Pick<MailMessage, 'messageId' | 'inReplyTo' | 'references' | 'subject' | 'date'>

function fieldsOf(parsed: ParsedMail, oddities: string[]): Fields {
  const lines = parsed.headerLines
  const written = headerValue(lines, 'date')
  const date = written === null ? null : isoDate(written)
  if (written === null) oddities.push('no Date header')
  else if (date === null) oddities.push(`unreadable Date header: ${written.slice(0, 80)}`)
  const messageId = messageIds(headerValue(lines, 'message-id'))[0] ?? null
  if (messageId === null) oddities.push('no Message-ID')
  if (headerCount(lines, 'from') > 1) oddities.push('more than one From header')
  return {
    messageId,
    inReplyTo: messageIds(headerValue(lines, 'in-reply-to'))[0] ?? null,
    references: messageIds(headerValue(lines, 'references')),
    subject: cleanLine(parsed.subject ?? ''),
    date,
  }
}

interface Body {
  readonly text: string
  /** What the sender sent: the text of the plain parts, else the HTML. */
  readonly source: string
}

function bodyOf(parsed: ParsedMail, raw: Uint8Array, oddities: string[]): Body {
  const plain = parsed.text ?? ''
  const html = parsed.html === false ? '' : (parsed.html ?? '')
  const visible = html === '' ? null : visibleText(html)
  if (visible?.hidden) oddities.push('hidden text in the HTML')
  if (visible?.cut) oddities.push('HTML too large, not read to its end')
  const fromHtml = visible !== null && (plain.trim() === '' || !hasAlternatives(raw))
  const { text, smuggled } = cleanText(fromHtml ? visible.text : plain)
  if (smuggled) oddities.push('invisible characters in the text')
  if (text.length > MAX_TEXT) oddities.push(`text of ${text.length} characters, cut at ${MAX_TEXT}`)
  return { text: text.slice(0, MAX_TEXT), source: plain.trim() === '' ? html : plain }
}

/**
 * Whether a plain and an HTML part say the same. Without multipart/alternative they follow one another,
 * as when a mailing list adds a footer, and mailparser's HTML then holds both in order.
 */
function hasAlternatives(raw: Uint8Array): boolean {
  const head = Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.length, STRUCTURE_BYTES))
  return /multipart\/alternative/i.test(head.toString('latin1'))
}

/**
 * The same for copies that came by different paths: what relays add or change (Received, line ends,
 * transfer encoding, '>From') is not in it. Another text makes it another message.
 */
function idOf(fields: Fields, people: People, source: string): string {
  const body = source
    .normalize('NFC')
    .replace(/^>+(?=From )/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  const identity = [fields.messageId, people.from.address, fields.date, fields.subject, body]
  return `m-${sha256Of(canonicalJson(identity)).slice(0, 20)}`
}

function attachmentOf(attachment: ParsedMail['attachments'][number]): Attachment {
  return {
    filename: cleanLine(attachment.filename ?? '').replace(/[/\\]/g, '_'),
    contentType: attachment.contentType,
    size: attachment.content.length,
    sha256: sha256Of(attachment.content),
  }
}

function calendarOf(parsed: ParsedMail): CalendarPart | null {
  const part = parsed.attachments.find(
    ({ contentType, filename }) => contentType === 'text/calendar' || /\.ics$/i.test(filename ?? ''),
  )
  return part === undefined ? null : calendarPart(part.content.toString('utf8'))
}
