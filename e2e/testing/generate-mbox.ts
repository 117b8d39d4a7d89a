/**
 * Mail in any amount, the same for the same seed: what comes to a small studio, in the mixture and the
 * forms it comes in. For measuring memory and speed, and for finding what only shows in numbers.
 *
 *     node e2e/testing/generate-mbox.ts 10000 /tmp/ten-thousand.mbox
 */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { type Chance, chanceFrom } from './chance.ts'
import { type Letter, lettersOf } from './letters.ts'

export interface GenerateOptions {
  readonly count: number
  /** Default 1. */
  readonly seed?: number
}

/** The first message is of 2 February 2026; one comes every few minutes. */
const FIRST_MS = Date.UTC(2026, 1, 2, 8)
const MINUTE_MS = 60_000

/** Raw mails with CRLF, oldest first. A few are second deliveries of an earlier one. */
export function* generateMails({ count, seed = 1 }: GenerateOptions): Generator<Uint8Array> {
  const chance = chanceFrom(seed)
  const letters = lettersOf(chance)
  const recent: Uint8Array[] = []
  let timeMs = FIRST_MS
  for (let i = 0; i < count; i += 1) {
    timeMs += chance.between(1, 9) * MINUTE_MS
    const again = recent.length > 0 && chance.oneIn(60)
    const raw = again ? chance.pick(recent) : write(letters.next().value, timeMs, chance)
    if (!again) recent.push(raw)
    if (recent.length > 50) recent.shift()
    yield raw
  }
}

/** Writes the mails to a file in mbox format. */
export async function writeMbox(file: string, options: GenerateOptions): Promise<void> {
  const out = createWriteStream(file)
  for (const raw of generateMails(options)) {
    const quoted = Buffer.from(raw)
      .toString('latin1')
      .replace(/^(>*From )/gm, '>$1')
    const entry = `From MAILER-DAEMON Mon Feb  2 08:00:00 2026\n${quoted.replaceAll('\r\n', '\n')}\n\n`
    if (!out.write(entry, 'latin1')) await once(out, 'drain')
  }
  out.end()
  await finished(out)
}

// -- one letter as a mail ---------------------------------------------------------------------------

function write(letter: Letter, timeMs: number, chance: Chance): Uint8Array {
  const head = [
    `Return-Path: <${letter.from.address}>`,
    'Delivered-To: owner@studio.example',
    `Received: from mx.${letter.from.address.split('@')[1]} by mx1.studio.example with ESMTPS`,
    `\tid ${chance.hex(12)}; ${dateOf(timeMs + 2_000)}`,
    `From: ${encodedName(letter.from.name)} <${letter.from.address}>`,
    'To: owner@studio.example',
    `Subject: ${encoded(letter.subject)}`,
    `Message-ID: <${letter.messageId}>`,
    `Date: ${dateOf(timeMs)}`,
    ...(letter.answers ? [`In-Reply-To: <${letter.answers}>`, `References: <${letter.answers}>`] : []),
    ...letter.headers,
    'MIME-Version: 1.0',
  ]
  return Buffer.from([...head, ...contentOf(letter, chance)].join('\r\n'), 'utf8')
}

function contentOf({ text, attachment }: Letter, chance: Chance): string[] {
  const form = chance.pick(['plain', 'base64', 'html', 'html'] as const)
  if (attachment > 0) return multipart('mixed', [plainPart(text), filePart(attachment, chance)], chance)
  if (form === 'html') return multipart('alternative', [plainPart(text), htmlPart(text)], chance)
  if (form === 'base64') {
    const lines = inLines(Buffer.from(text, 'utf8').toString('base64'))
    return ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64', '', ...lines, '']
  }
  return [...plainPart(text), '']
}

function multipart(type: string, parts: readonly string[][], chance: Chance): string[] {
  const boundary = `=_${chance.hex(24)}`
  return [
    `Content-Type: multipart/${type}; boundary="${boundary}"`,
    '',
    ...parts.flatMap((part) => [`--${boundary}`, ...part]),
    `--${boundary}--`,
    '',
  ]
}

function plainPart(text: string): string[] {
  return [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...text.split('\n'),
  ]
}

function htmlPart(text: string): string[] {
  const paragraphs = text
    .replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`)
    .split('\n\n')
    .map((part) => `<p style="margin:0 0 12px">${part.replaceAll('\n', '<br>\r\n')}</p>`)
  return ['Content-Type: text/html; charset=utf-8', '', '<html><body>', ...paragraphs, '</body></html>']
}

function filePart(bytes: number, chance: Chance): string[] {
  const content = Buffer.alloc(bytes, chance.hex(64)).toString('base64')
  return [
    'Content-Type: application/pdf; name="brief.pdf"',
    'Content-Disposition: attachment; filename="brief.pdf"',
    'Content-Transfer-Encoding: base64',
    '',
    ...inLines(content),
  ]
}

function inLines(base64: string): string[] {
  return base64.match(/.{1,76}/g) ?? []
}

function encoded(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
}

function encodedName(name: string): string {
  return /^[\w .-]*$/.test(name) ? name : encoded(name)
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toUTCString().replace('GMT', '+0000')
}

if (import.meta.main) {
  const [count = '1000', file = 'generated.mbox', seed = '1'] = process.argv.slice(2)
  await writeMbox(file, { count: Number(count), seed: Number(seed) })
}
