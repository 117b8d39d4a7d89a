/** Walking the whole chain, as `holdfast log verify` does. */
import { HoldfastError } from '../../kernel/errors.ts'
import { commitHashInput, GENESIS_HASH, headerText, natureText } from '../../kernel/event.ts'
import type { LogHead, VerifyReport } from '../../ports/event-log.ts'
import type { SqliteTables } from './database.ts'
import { openBody, sha256 } from './event-chain.ts'
import type { EventRow, EventRows } from './event-rows.ts'
import { BODIES_ERASED, readRenamed } from './residues.ts'

export function readHead(tables: SqliteTables): LogHead {
  const row = tables.get<{ position: number; hash: Uint8Array | null }>(
    'SELECT position, hash FROM events ORDER BY position DESC LIMIT 1',
  )
  if (row === undefined) return { position: 0, hash: GENESIS_HASH }
  if (row.hash === null) throw corrupt(row.position, 'is the last one, and no commit ends there')
  return { position: row.position, hash: hex(row.hash) }
}

/** The hash on record of the commit that ends at this position. */
export function hashAt(tables: SqliteTables, position: number): string | undefined {
  const row = tables.get<{ hash: Uint8Array | null }>('SELECT hash FROM events WHERE position = ?', position)
  return row?.hash ? hex(row.hash) : undefined
}

/**
 * Walks the whole chain. A commit of which names were erased hashes to what the erasure has put on record.
 * @throws LOG_CORRUPT at the first event that doesn't fit, where it can be told, else at the first commit.
 */
export function verifyChain(tables: SqliteTables, rows: EventRows): VerifyReport {
  checkPages(tables)
  const versions = new Map<string, number>()
  const missing = new Set<number>()
  const renamed = readRenamed(tables, rows)
  let head: LogHead = { position: 0, hash: GENESIS_HASH }
  let position = 0
  let headers = ''
  let erased = 0
  for (const row of rows.after(0)) {
    if (row.position !== position + 1) throw corrupt(row.position, `follows ${position}`)
    position = row.position
    checkPlace(row, versions)
    if (row.body === null) {
      erased += 1
      missing.add(row.position)
    } else if (rows.words.text(row.kind) === BODIES_ERASED) {
      for (const one of (JSON.parse(openBody(row.body)) as { positions: number[] }).positions)
        missing.delete(one)
    }
    headers += headerOf(row, rows)
    if (row.hash === null) continue
    const expected = sha256(commitHashInput(head.hash, headers))
    const hash = hex(row.hash)
    if (expected !== (renamed.get(position) ?? hash)) throw unfitting(rows, head.position + 1, position)
    head = { position, hash }
    headers = ''
  }
  if (position !== head.position) throw corrupt(position, 'is the last one, and no commit ends there')
  const [vanished] = missing
  if (vanished !== undefined) throw corrupt(vanished, 'has lost its body, and no erasure on record names it')
  return { events: position, erased, blobs: verifyBlobs(tables), head }
}

/** The first event of a stream, and no other, bears its name; the others follow it in order. */
function checkPlace(row: EventRow, versions: Map<string, number>): void {
  const isFirst = row.version === 1
  if (row.version !== (versions.get(row.name) ?? 0) + 1) {
    throw corrupt(row.position, `version ${row.version} of ${row.name} is out of order`)
  }
  if (isFirst !== (row.stream === row.position) || isFirst !== (row.names === 1)) {
    throw corrupt(row.position, `is not the event that opened the stream ${row.name}`)
  }
  versions.set(row.name, row.version)
}

/** What an event adds to the text that its commit is hashed by, as it stands now. */
export function headerOf(row: EventRow, rows: EventRows): string {
  const event = rows.toEvent({ ...row, body: null })
  return headerText(event, natureText(event, rows.words.text(row.label)), bodyHashOf(row))
}

/** The kept hash of an erased body, else the hash of what is there. */
export function bodyHashOf({ position, body, body_hash }: EventRow): string {
  if (body !== null && body_hash !== null) {
    throw corrupt(position, 'has a body that is neither kept nor erased in order')
  }
  if (body !== null) return sha256(body)
  if (body_hash === null) throw corrupt(position, 'has neither a body nor the hash of an erased one')
  return hex(body_hash)
}

/** SQLite's own look at its pages: damage that reading the log alone would not meet. */
function checkPages(tables: SqliteTables): void {
  const found = tables.get<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check
  if (found !== 'ok')
    throw new HoldfastError('LOG_CORRUPT', `The file is damaged: ${found ?? 'it can not be checked'}`)
}

function verifyBlobs(tables: SqliteTables): number {
  const lost = tables.get<{ sha256: string; position: number }>(
    `SELECT sha256, position FROM blob_refs
     WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.sha256 = blob_refs.sha256) LIMIT 1`,
  )
  if (lost !== undefined)
    throw corrupt(lost.position, `has lost the bytes ${lost.sha256}, and no erasure on record names them`)
  let count = 0
  for (const row of tables.iterate<{ sha256: string; bytes: Uint8Array }>(
    'SELECT sha256, bytes FROM blobs',
  )) {
    if (sha256(row.bytes) !== row.sha256) {
      throw new HoldfastError('LOG_CORRUPT', `Blob ${row.sha256} does not match its hash`, {
        details: { sha256: row.sha256 },
      })
    }
    count += 1
  }
  return count
}

function corrupt(position: number, what: string): HoldfastError {
  return new HoldfastError('LOG_CORRUPT', `Event ${position} ${what}`, { details: { position } })
}

/**
 * One hash covers the events of a commit, so it tells that one of them was changed, not which. An event is named
 * where it stands alone, or does not read as anything that a log writes.
 */
function unfitting(rows: EventRows, from: number, to: number): HoldfastError {
  if (from === to) return corrupt(from, 'does not match its hash')
  const details = { position: from, to }
  for (const row of rows.after(from - 1)) {
    if (row.position > to) break
    if (row.body === null || isAsWritten(row.body)) continue
    const message = `Event ${row.position} has a body that no log has written; its commit, events ${from} to ${to}, does not match its hash`
    return new HoldfastError('LOG_CORRUPT', message, {
      details: { ...details, position: row.position, from },
    })
  }
  const message = `Events ${from} to ${to} are one commit and do not match its hash: at least one of them is not as it was written, and the hash can't tell which`
  return new HoldfastError('LOG_CORRUPT', message, { details })
}

/** Whether the body is the JSON text of an object, to the letter. */
function isAsWritten(body: Uint8Array): boolean {
  try {
    const json = openBody(body)
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && JSON.stringify(value) === json
  } catch {
    return false
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
