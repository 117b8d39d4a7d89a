/** Events as rows: writing, reading back, walking the chain. */

import { HoldfastError } from '../../kernel/errors.ts'
import { GENESIS_HASH, type StoredEvent } from '../../kernel/event.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { decodeLabel } from '../../kernel/label.ts'
import type { LogHead, VerifyReport } from '../../ports/event-log.ts'
import type { SqliteTables } from './database.ts'
import { blobHash, bodyHash, eventHash } from './event-chain.ts'

const CHUNK = 500

/** The kind of event that names the positions whose bodies were erased with it. */
export const BODIES_ERASED = 'bodies.erased'

export interface EventRow {
  position: number
  stream: string
  version: number
  kind: string
  time: number
  actor: string
  cause: number | null
  correlation: string | null
  label: string
  nonce: Uint8Array | null
  body: string | null
  body_hash: Uint8Array | null
  hash: Uint8Array
}

export const SELECT_EVENT = `
  SELECT position, streams.name AS stream, version, kind, time, actor, cause, correlation, label,
         nonce, body, body_hash, hash
  FROM events JOIN streams ON streams.id = events.stream`

export function toEvent(row: EventRow): StoredEvent {
  return {
    position: row.position,
    stream: row.stream,
    version: row.version,
    kind: row.kind,
    time: row.time,
    actor: row.actor,
    cause: row.cause,
    correlation: row.correlation,
    label: decodeLabel(row.label),
    body: row.body === null ? null : (JSON.parse(row.body) as JsonObject),
  }
}

/** All rows after a position, fetched in chunks so that writes may happen in between. */
export function* rowsAfter(tables: SqliteTables, afterPosition: number): Generator<EventRow> {
  let after = afterPosition
  for (;;) {
    const rows = tables.all<EventRow>(
      `${SELECT_EVENT} WHERE position > ? ORDER BY position LIMIT ${CHUNK}`,
      after,
    )
    yield* rows
    if (rows.length < CHUNK) return
    after = rows.at(-1)?.position ?? after
  }
}

export function readHead(tables: SqliteTables): LogHead {
  const row = tables.get<{ position: number; hash: Uint8Array }>(
    'SELECT position, hash FROM events ORDER BY position DESC LIMIT 1',
  )
  return row ? { position: row.position, hash: hex(row.hash) } : { position: 0, hash: GENESIS_HASH }
}

/** The hash on record of one event. */
export function hashAt(tables: SqliteTables, position: number): string | undefined {
  const row = tables.get<{ hash: Uint8Array }>('SELECT hash FROM events WHERE position = ?', position)
  return row && hex(row.hash)
}

/**
 * Walks the whole chain.
 * @throws LOG_CORRUPT at the first position that doesn't fit.
 */
export function verifyChain(tables: SqliteTables): VerifyReport {
  checkPages(tables)
  const versions = new Map<string, number>()
  const missing = new Set<number>()
  let head: LogHead = { position: 0, hash: GENESIS_HASH }
  let erased = 0
  for (const row of rowsAfter(tables, 0)) {
    if (row.position !== head.position + 1) throw corrupt(row.position, `follows ${head.position}`)
    if (row.version !== (versions.get(row.stream) ?? 0) + 1) {
      throw corrupt(row.position, `version ${row.version} of ${row.stream} is out of order`)
    }
    versions.set(row.stream, row.version)
    if (row.body === null) {
      erased += 1
      missing.add(row.position)
    } else if (row.kind === BODIES_ERASED) {
      for (const position of (JSON.parse(row.body) as { positions: number[] }).positions)
        missing.delete(position)
    }
    const expected = hashOf(row, head.hash)
    if (expected !== hex(row.hash)) throw corrupt(row.position, 'does not match its hash')
    head = { position: row.position, hash: expected }
  }
  const [vanished] = missing
  if (vanished !== undefined) throw corrupt(vanished, 'has lost its body, and no erasure on record names it')
  return { events: head.position, erased, blobs: verifyBlobs(tables), head }
}

/** SQLite's own look at its pages: damage that reading the log alone would not meet. */
function checkPages(tables: SqliteTables): void {
  const found = tables.get<{ quick_check: string }>('PRAGMA quick_check(1)')?.quick_check
  if (found !== 'ok')
    throw new HoldfastError('LOG_CORRUPT', `The file is damaged: ${found ?? 'it can not be checked'}`)
}

function hashOf(row: EventRow, previous: string): string {
  return eventHash(previous, toEvent({ ...row, body: null }), bodyHashOf(row))
}

/** The kept hash of an erased body, else the hash of what is there. */
export function bodyHashOf(row: EventRow): string {
  if ((row.body === null) !== (row.nonce === null) || (row.body !== null && row.body_hash !== null)) {
    throw corrupt(row.position, 'has a body that is neither kept nor erased in order')
  }
  if (row.body !== null && row.nonce !== null) return bodyHash(row.nonce, row.body)
  if (row.body_hash === null) throw corrupt(row.position, 'has neither a body nor the hash of an erased one')
  return hex(row.body_hash)
}

function verifyBlobs(tables: SqliteTables): number {
  let count = 0
  for (const row of tables.iterate<{ sha256: string; bytes: Uint8Array }>(
    'SELECT sha256, bytes FROM blobs',
  )) {
    if (blobHash(row.bytes) !== row.sha256) {
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

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
