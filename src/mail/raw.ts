/** Raw mail as bytes: its size limit, its hash, and reading it from a file. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { HoldfastError } from '../kernel/errors.ts'

/** Mail beyond this many bytes is reported and skipped, never held in memory. */
export const MAX_MAIL_BYTES = 50 * 1024 * 1024

/** SHA-256 as hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * The bytes of a file that holds one message.
 * @throws FILE_UNREADABLE; MAIL_MALFORMED with `sha256` and `size` when it is beyond `maxBytes`.
 */
export async function readRawMail(path: string, maxBytes = MAX_MAIL_BYTES): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > maxBytes) throw tooLarge(path, size, await sha256OfFile(path), maxBytes)
    return await readFile(path)
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    throw unreadable(path, error)
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** The report of a message that is skipped for its size. */
export function tooLarge(ref: string, size: number, sha256: string, maxBytes: number): HoldfastError {
  return new HoldfastError('MAIL_MALFORMED', `${ref} has ${size} bytes, more than the ${maxBytes} allowed`, {
    details: { ref, size, sha256, maxBytes },
    fix: 'Take the large attachments out of it, or read it with a mail program.',
  })
}

/** A failed file operation as FILE_UNREADABLE. */
export function unreadable(path: string, cause: unknown): HoldfastError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new HoldfastError('FILE_UNREADABLE', `${path} can't be read: ${reason}`, {
    details: { path },
    cause,
  })
}
