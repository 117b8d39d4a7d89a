import { randomUUIDv7 } from 'node:crypto'

/** A new id that sorts by time: UUID version 7 (RFC 9562). */
export function newId(): string {
  return randomUUIDv7()
}
