/**
 * Parts an mbox into its messages while it streams: at most one message is in memory, and of one that is
 * too large only its hash. A message begins at a line `From … 12:34 …` at the top or after an empty line.
 * Lines that were quoted as `>From ` (mboxo) or `>>From ` (mboxrd) lose one `>`.
 */
import { createHash, type Hash } from 'node:crypto'
import { MAX_MAIL_BYTES } from './raw.ts'

export interface OversizedMail {
  /** Its place in the file, 1 for the first message. */
  readonly index: number
  readonly size: number
  readonly sha256: string
}

export interface MboxOptions {
  /** Default 50 MB. */
  readonly maxBytes?: number
  /** Told of each message that is skipped for its size. */
  readonly onOversized?: (mail: OversizedMail) => void
}

export interface MboxMail {
  /** Its place in the file, 1 for the first message. */
  readonly index: number
  readonly raw: Uint8Array
}

const LF = 0x0a
const CR = 0x0d
const UPPER_F = 0x46
const GREATER = 0x3e
/** No separator line is longer; a longer line is passed on in pieces. */
const LONGEST_SEPARATOR = 1000
const TOP = /^From /
const SEPARATOR = /^From .*\d:\d\d/
const QUOTED_FROM = /^>+From /

/**
 * Yields nothing for a source that doesn't begin with a separator line.
 * @param source chunks of the file, such as a Readable. LF and CRLF line ends are kept as they come.
 */
export async function* splitMbox(
  source: AsyncIterable<Uint8Array>,
  options: MboxOptions = {},
): AsyncGenerator<MboxMail> {
  let mail = new Collected(0, options.maxBytes ?? MAX_MAIL_BYTES)
  let afterEmptyLine = true
  for await (const piece of linesOf(source)) {
    const start = piece.special ? startOf(piece.bytes) : ''
    if (afterEmptyLine && (mail.index === 0 ? TOP : SEPARATOR).test(start)) {
      yield* ended(mail, options)
      mail = mail.next()
      afterEmptyLine = false
    } else {
      mail.add(QUOTED_FROM.test(start) ? piece.bytes.subarray(1) : piece.bytes)
      afterEmptyLine = piece.endsEmpty
    }
  }
  yield* ended(mail, options)
}

function* ended(mail: Collected, options: MboxOptions): Generator<MboxMail> {
  if (mail.index === 0 || mail.size === 0) return
  const oversized = mail.oversized()
  if (oversized === null) yield { index: mail.index, raw: mail.bytes() }
  else options.onOversized?.(oversized)
}

/** A run of whole lines, or one line that may be a separator or a quoted one. */
interface Piece {
  readonly bytes: Uint8Array
  /** True for one line that begins with `F` or `>`. */
  readonly special: boolean
  /** True when its last line is empty. */
  readonly endsEmpty: boolean
}

async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let rest: Uint8Array = new Uint8Array()
  let midLine = false
  for await (const chunk of source) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const lastEnd = data.lastIndexOf(LF) + 1
    if (lastEnd > 0) {
      yield* runsOf(data.subarray(0, lastEnd), midLine)
      midLine = false
    }
    rest = data.subarray(lastEnd)
    if (rest.length <= LONGEST_SEPARATOR) continue
    yield { bytes: rest, special: !midLine && isSpecial(rest, 0), endsEmpty: false }
    midLine = true
    rest = new Uint8Array()
  }
  if (rest.length > 0) yield { bytes: rest, special: !midLine && isSpecial(rest, 0), endsEmpty: false }
}

function* runsOf(data: Uint8Array, midLine: boolean): Generator<Piece> {
  const tail = midLine ? data.indexOf(LF) + 1 : 0
  if (tail > 0) yield { bytes: data.subarray(0, tail), special: false, endsEmpty: false }
  let run = tail
  let line = tail
  while (line < data.length) {
    const next = data.indexOf(LF, line) + 1
    if (isSpecial(data, line)) {
      if (run < line) yield plainRun(data, run, line)
      yield { bytes: data.subarray(line, next), special: true, endsEmpty: false }
      run = next
    }
    line = next
  }
  if (run < data.length) yield plainRun(data, run, data.length)
}

function plainRun(data: Uint8Array, from: number, to: number): Piece {
  const text = data[to - 2] === CR ? to - 2 : to - 1
  return {
    bytes: data.subarray(from, to),
    special: false,
    endsEmpty: text === from || data[text - 1] === LF,
  }
}

function isSpecial(data: Uint8Array, at: number): boolean {
  return data[at] === UPPER_F || data[at] === GREATER
}

function startOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST_SEPARATOR)).toString(
    'latin1',
  )
}

/** The bytes of the message under way; beyond the limit only their hash and number. */
class Collected {
  readonly index: number
  size = 0
  private readonly maxBytes: number
  private parts: Uint8Array[] = []
  private hash: Hash | null = null

  constructor(index: number, maxBytes: number) {
    this.index = index
    this.maxBytes = maxBytes
  }

  next(): Collected {
    return new Collected(this.index + 1, this.maxBytes)
  }

  add(part: Uint8Array): void {
    this.size += part.length
    if (this.hash === null && this.size > this.maxBytes) {
      this.hash = createHash('sha256')
      for (const earlier of this.parts) this.hash.update(earlier)
      this.parts = []
    }
    if (this.hash === null) this.parts.push(part)
    else this.hash.update(part)
  }

  oversized(): OversizedMail | null {
    return this.hash && { index: this.index, size: this.size, sha256: this.hash.digest('hex') }
  }

  /** Without the empty line that an mbox adds below each message. */
  bytes(): Uint8Array {
    const all = Buffer.concat(this.parts)
    const text = all.toString('latin1', Math.max(0, all.length - 4))
    const added = /(?:^|\n)(\r?\n)$/.exec(text)?.[1]?.length ?? 0
    return all.subarray(0, all.length - added)
  }
}
