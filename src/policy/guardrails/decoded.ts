/**
 * What stands encoded in a value: base64 in whatever field, text or address (`data:`), with breaks between its lines or
 * not; hex; rows of bytes; UTF-16. A secret is to be found in these as well as in plain words.
 */
import { Buffer } from 'node:buffer'
import type { Json } from '../../kernel/json.ts'
import { UNSEEN } from '../unseen.ts'

/** Shorter, it holds no secret that is known by its look. */
const LEAST_CHARACTERS = 20
const NO_BASE64 = /[^A-Za-z0-9+/_-]+/
const HEX = /^[0-9a-f]+$/i
const BREAK = /(?<=[A-Za-z0-9+/_-])\r?\n(?=[A-Za-z0-9+/_-])/g
const LEAST_BYTES = 16
/** Also what UTF-16 puts between letters. */
const HIDDEN = new RegExp(`[\\0${UNSEEN}]`, 'g')

/** Texts that are in it beside those that can be read. */
export function decodedIn(value: Json): string[] {
  const found: string[] = []
  collect(value, found)
  return found
}

function collect(value: Json, found: string[]): void {
  if (typeof value === 'string') decode(value, found)
  else if (Array.isArray(value)) {
    const isBytes = value.length >= LEAST_BYTES && value.every(isByte)
    if (isBytes) add(Buffer.from(value as number[]), found)
    else for (const one of value) collect(one, found)
  } else if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) collect(one, found)
  }
}

function isByte(value: Json): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255
}

function decode(text: string, found: string[]): void {
  const seen = text.replace(HIDDEN, '')
  if (seen !== text) found.push(seen)
  for (const row of text.replace(BREAK, '').split(NO_BASE64)) {
    if (row.length < LEAST_CHARACTERS) continue
    add(Buffer.from(row, 'base64'), found)
    if (HEX.test(row)) add(Buffer.from(row, 'hex'), found)
  }
}

function add(bytes: Buffer, found: string[]): void {
  found.push(bytes.toString('utf8').replace(HIDDEN, ''))
}
