/**
 * SHA-256 over the chain's texts (kernel/event.ts says what goes in).
 *
 * Why: docs/decisions/0002-header-chain-over-hashed-bodies.md
 */
import { hash, randomFillSync } from 'node:crypto'
import { bodyHashInput, headerHashInput, type StoredEvent } from '../../kernel/event.ts'

const NONCE_BYTES = 16
const POOL_BYTES = NONCE_BYTES * 256
const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/** 16 random bytes: without them, a short erased body could be guessed from its hash. */
export function newNonce(): Buffer {
  if (used === POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  used += NONCE_BYTES
  return Buffer.from(pool.subarray(used - NONCE_BYTES, used))
}

export function bodyHash(nonce: Uint8Array, bodyText: string): string {
  return hash('sha256', bodyHashInput(Buffer.from(nonce).toString('hex'), bodyText), 'hex')
}

export function eventHash(
  previousHex: string,
  event: Omit<StoredEvent, 'body'>,
  bodyHashHex: string,
): string {
  return hash('sha256', headerHashInput(previousHex, event, bodyHashHex), 'hex')
}

export function blobHash(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}
