/**
 * Files of any size sealed piece by piece, so that nothing is let out that was not checked and the memory that it
 * takes does not grow with the file:
 *
 *     salt (32 bytes) │ piece │ piece │ … │ last piece          a piece: up to 1 MiB sealed, and its tag (16 bytes)
 *
 * Each file has a key of its own, made by HKDF-SHA-256 from the key of the backup and the salt. The pieces are sealed by
 * AES-256-GCM under numbers that count up, the last one marked as such: a file that was cut off, or whose pieces were
 * dropped, doubled or put in another order, does not open. Bound to it is the place that it has in the backup, so that
 * one file can't be put where another was. It is the construction that age uses (https://age-encryption.org/v1), with
 * AES-256-GCM in place of ChaCha20-Poly1305.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Bytes of a key of a backup. */
export const BACKUP_KEY_BYTES = 32
const SALT_BYTES = 32
const TAG_BYTES = 16
const PIECE_BYTES = 2 ** 20
const PURPOSE = 'holdfast backup, format 2'

/** What a sealed file is bound to. */
export interface SealedPlace {
  /** Id of the backup. */
  readonly backup: string
  /** Name of the sealed file in it. */
  readonly name: string
}

type Bytes = AsyncIterable<Uint8Array>

export async function* sealed(plain: Bytes, key: Uint8Array, place: SealedPlace): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES)
  const own = ownKey(key, salt)
  yield salt
  let number = 0
  for await (const { piece, isLast } of pieces(plain, PIECE_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', own, nonce(number, isLast), { authTagLength: TAG_BYTES })
    cipher.setAAD(boundTo(place))
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()])
    number += 1
  }
}

/** @throws NotOpened for another key, another place, or changed bytes; what came before the fault is out by then */
export async function* opened(bytes: Bytes, key: Uint8Array, place: SealedPlace): AsyncGenerator<Buffer> {
  let own: Uint8Array | null = null
  let number = 0
  for await (const { piece, isLast } of pieces(bytes, PIECE_BYTES + TAG_BYTES, SALT_BYTES)) {
    if (own === null) {
      if (piece.length !== SALT_BYTES || isLast) throw new NotOpened(place.name)
      own = ownKey(key, piece)
      continue
    }
    if (piece.length < TAG_BYTES) throw new NotOpened(place.name)
    const decipher = createDecipheriv('aes-256-gcm', own, nonce(number, isLast), { authTagLength: TAG_BYTES })
    decipher.setAAD(boundTo(place))
    decipher.setAuthTag(piece.subarray(-TAG_BYTES))
    let plain: Buffer
    try {
      plain = Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()])
    } catch {
      throw new NotOpened(place.name)
    }
    yield plain
    number += 1
  }
}

/** The file does not open with this key, in this place. */
export class NotOpened extends Error {
  constructor(name: string) {
    super(`${name} does not open: it is another file, or was changed`)
  }
}

function ownKey(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, PURPOSE, BACKUP_KEY_BYTES))
}

/** Twelve bytes: the number of the piece, and whether it is the last. No key seals two pieces under the same. */
function nonce(number: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUIntBE(number, 5, 6)
  bytes[11] = isLast ? 1 : 0
  return bytes
}

function boundTo({ backup, name }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([PURPOSE, backup, name]))
}

/**
 * Cuts a stream into pieces of `size` bytes, the first of `first`. The last may be shorter; of an empty stream, it is
 * empty.
 */
async function* pieces(
  stream: Bytes,
  size: number,
  first = size,
): AsyncGenerator<{ readonly piece: Buffer; readonly isLast: boolean }> {
  let held: Buffer[] = []
  let bytes = 0
  let wanted = first
  for await (const chunk of stream) {
    held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    bytes += chunk.length
    // One byte more is waited for: only then is it known that this piece is not the last.
    while (bytes > wanted) {
      const all = Buffer.concat(held)
      yield { piece: all.subarray(0, wanted), isLast: false }
      held = [all.subarray(wanted)]
      bytes -= wanted
      wanted = size
    }
  }
  yield { piece: Buffer.concat(held), isLast: true }
}
