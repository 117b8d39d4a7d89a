/**
 * SHA-256 over the chain's texts (kernel/event.ts says what goes in), and bodies as they are stored: 16 random
 * bytes, without which a short erased body could be guessed from its hash, and then the JSON.
 *
 * Why: docs/decisions/0002-header-chain-over-hashed-bodies.md
 */
import { hash, randomFillSync } from 'node:crypto'

const NONCE_BYTES = 16
const POOL_BYTES = NONCE_BYTES * 256
/** A JSON text of a third of this is encoded without asking for memory. */
const SCRATCH_BYTES = 65_536
const BYTES_PER_CHAR = 3

const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES
const scratch = Buffer.alloc(SCRATCH_BYTES)

/** The stored form of a body; good until the next call. */
export function sealBody(json: string): Buffer {
  const most = NONCE_BYTES + json.length * BYTES_PER_CHAR
  const bytes = most <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(most)
  writeNonce(bytes)
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

function writeNonce(target: Buffer): void {
  if (used === POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(target, 0, used, used + NONCE_BYTES)
  used += NONCE_BYTES
}
