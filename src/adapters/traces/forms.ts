/** The forms in which a text can stand in a file: as it is, as it is read, and as mail and JSON encode it. */
import { asRead } from './as-read.ts'
import { inOldCharsets } from './charsets.ts'

export interface Wanted {
  /** `name`, `address`, `phone`, `text`: for the report. */
  readonly what: string
  readonly text: string
  /** Found only where no letter or digit stands before or after it. */
  readonly whole: boolean
  /** Longer texts that hold it and are something else: it is not found where one of them stands. Default none. */
  readonly others?: readonly string[]
}

export interface Forms {
  /** In a file as it is read. */
  readonly read: string
  /** Bytes as Latin-1, in small letters. */
  readonly plain: readonly string[]
  /** In which capital and small letters differ. */
  readonly base64: readonly string[]
}

/** Longer texts are looked for by their beginnings. */
const LONGEST = 200
/** In charsets of older mail names are looked for, and lines that are as short. */
const LONGEST_OLD = 40
/** A shorter piece of base64 says too little. */
const SHORTEST_BASE64 = 8

export function formsOf(text: string): Forms {
  const short = [...text].slice(0, LONGEST).join('')
  const isLatin = !/[^\0-\u00ff]/.test(short)
  const old = isLatin
    ? [Buffer.from(short, 'latin1')]
    : short.length <= LONGEST_OLD
      ? inOldCharsets(short)
      : []
  const bytes = [Buffer.from(short), ...old]
  const plain = [
    ...bytes,
    Buffer.from(short, 'utf16le'),
    Buffer.from(JSON.stringify(short).slice(1, -1)),
    Buffer.from(encodeURIComponent(short)),
    ...bytes.map((one) => Buffer.from(quotedPrintable(one))),
    ...bytes.map((one) => Buffer.from(quotedPrintable(one).replaceAll(' ', '_'))),
  ].map((one) => one.toString('latin1').toLowerCase())
  return {
    read: asRead(short),
    plain: [...new Set(plain)],
    base64: [...new Set(bytes.flatMap(base64Forms))].filter((form) => form.length >= SHORTEST_BASE64),
  }
}

/** Without breaks of lines, which are taken out of what is searched. */
function quotedPrintable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x3d
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}

/** At each of the three places that it can have in what is encoded, without what its neighbours have a part in. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const whole = Math.floor(((before + bytes.length) * 4) / 3)
    return text.slice(Math.ceil((before * 4) / 3), whole)
  })
}
