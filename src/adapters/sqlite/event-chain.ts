/**
 * SHA-256 over the chain's texts (kernel/event.ts says what goes in), and bodies as they are stored: 16 random
 * bytes, without which a short erased body could be guessed from its hash, and then the JSON.
 *
 * Why: docs/decisions/0002-header-chain-over-hashed-bodies.md
 */
import { hash, randomFillSync } from 'node:crypto'

const NONCE_BYTES = 16
const NONCE_WORDS = NONCE_BYTES / 4
/** A JSON text of a third of this is encoded without asking for memory. */
const SCRATCH_BYTES = 16_384
const BYTES_PER_CHAR = 3

const pool = new Uint32Array(NONCE_WORDS * 1_024)
let used = pool.length
const scratch = Buffer.from(new ArrayBuffer(SCRATCH_BYTES))
const scratchNonce = new Uint32Array(scratch.buffer, 0, NONCE_WORDS)

/** The stored form of a body; good until the next call. */
export function sealBody(json: string): Buffer {
  const most = NONCE_BYTES + json.length * BYTES_PER_CHAR
  const isSmall = most <= SCRATCH_BYTES
  const bytes = isSmall ? scratch : Buffer.from(new ArrayBuffer(most))
  writeNonce(isSmall ? scratchNonce : new Uint32Array(bytes.buffer, 0, NONCE_WORDS))
  return bytes.subarray(0, NONCE_BYTES + bytes.write(json, NONCE_BYTES))
}

/** The JSON of a stored body. */
export function openBody(stored: Uint8Array): string {
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString('utf8', NONCE_BYTES)
}

/** Hex SHA-256 of a stored body, of a blob, or of a text of the chain. */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex')
}

function writeNonce(target: Uint32Array): void {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  for (let i = 0; i < NONCE_WORDS; i += 1) target[i] = pool[used + i] ?? 0
  used += NONCE_WORDS
}
