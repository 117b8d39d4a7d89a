import { hash } from 'node:crypto'

export function sha256(text: string): string {
  return hash('sha256', text, 'hex')
}

/** The first `digits` hex digits of SHA-256: for ids that follow from what they name. */
export function shortHash(text: string, digits: number): string {
  return sha256(text).slice(0, digits)
}
