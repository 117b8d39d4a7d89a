/**
 * Damage in the write-ahead log that SQLite takes for its end. SQLite reads the log up to the first frame whose
 * checksum is wrong and drops the rest, which is right for a commit that was cut off by a crash. But with
 * `synchronous=FULL` a commit is on disk before the next one is begun: a wrong frame that a whole later commit
 * follows was damaged afterwards, and what would be dropped was acknowledged.
 *
 * Damage in the very last commits can't be told from a crash; only a checkpoint kept elsewhere shows it.
 *
 * The format: https://sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { HoldfastError } from '../../kernel/errors.ts'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

interface Sums {
  readonly a: number
  readonly b: number
}

interface Frame {
  /** Whether it belongs to the present log and not to what stood in the file before. */
  readonly isPresent: boolean
  readonly isCommit: boolean
  readonly isWhole: boolean
}

/** To be called before the database is opened, which cuts the log. @throws LOG_CORRUPT */
export function checkWal(file: string): void {
  const wal = `${file}-wal`
  const damaged = damagedFrame(wal)
  // Looked at twice: a frame that another process is just writing is whole the next time.
  if (damaged === null || damagedFrame(wal) !== damaged) return
  throw new HoldfastError(
    'LOG_CORRUPT',
    `${wal} is damaged in frame ${damaged}: SQLite would drop the acknowledged commits from there on`,
    { details: { file: wal, frame: damaged } },
  )
}

function damagedFrame(wal: string): number | null {
  let descriptor: number
  try {
    descriptor = openSync(wal, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    if (readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return null
    const isBigEndian = (header.readUInt32BE(0) & 1) === 1
    const sums = summed(header.subarray(0, 24), { a: 0, b: 0 }, isBigEndian)
    // It lies within one sector: written or not, but never in part.
    if (!areAt(header, 24, sums)) return header.every((byte) => byte === 0) ? null : 0
    return firstDamaged(framesOf(descriptor, header, sums))
  } finally {
    closeSync(descriptor)
  }
}

/** Number of the first wrong frame that a whole commit follows which in turn was followed; null for none. */
function firstDamaged(frames: Iterable<Frame>): number | null {
  let number = 0
  let damaged: number | null = null
  let isCommitted = false
  for (const { isPresent, isCommit, isWhole } of frames) {
    number += 1
    if (isCommitted && isPresent) return damaged
    if (!isWhole || !isPresent) damaged ??= number
    isCommitted ||= damaged !== null && isPresent && isCommit && isWhole
  }
  return null
}

function* framesOf(descriptor: number, header: Buffer, headerSums: Sums): Generator<Frame> {
  const isBigEndian = (header.readUInt32BE(0) & 1) === 1
  let sums = headerSums
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + header.readUInt32BE(8))
  const { size } = fstatSync(descriptor)
  for (let at = HEADER_BYTES; at + frame.length <= size; at += frame.length) {
    readSync(descriptor, frame, 0, frame.length, at)
    sums = summed(frame.subarray(0, 8), sums, isBigEndian)
    sums = summed(frame.subarray(FRAME_HEADER_BYTES), sums, isBigEndian)
    yield {
      isPresent: frame.subarray(8, 16).equals(header.subarray(16, 24)),
      isCommit: frame.readUInt32BE(4) !== 0,
      isWhole: areAt(frame, 16, sums),
    }
    sums = { a: frame.readUInt32BE(16), b: frame.readUInt32BE(20) }
  }
}

function areAt(bytes: Buffer, at: number, { a, b }: Sums): boolean {
  return bytes.readUInt32BE(at) === a && bytes.readUInt32BE(at + 4) === b
}

function summed(bytes: Buffer, { a, b }: Sums, isBigEndian: boolean): Sums {
  let [first, second] = [a, b]
  for (let at = 0; at < bytes.length; at += 8) {
    const x = isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)
    const y = isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)
    first = (first + x + second) >>> 0
    second = (second + y + first) >>> 0
  }
  return { a: first, b: second }
}
