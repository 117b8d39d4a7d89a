/** Bytes beside the log. One stays as long as the body of an event that it came with stays. */
import { HoldfastError } from '../../kernel/errors.ts'
import type { StoredEvent } from '../../kernel/event.ts'
import type { NewBlob } from '../../ports/event-log.ts'
import type { SqliteTables } from './database.ts'
import { sha256 } from './event-chain.ts'

/** @param events what it comes with: it belongs to the one that names it, else to the first */
export function writeBlob(tables: SqliteTables, blob: NewBlob, events: readonly StoredEvent[]): void {
  const actual = sha256(blob.bytes)
  if (actual !== blob.sha256) {
    throw new HoldfastError('LOG_CORRUPT', `A blob given as ${blob.sha256} has the hash ${actual}`, {
      details: { sha256: blob.sha256, actual },
    })
  }
  tables.run('INSERT INTO blobs (sha256, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING', actual, blob.bytes)
  const owner = events.find(({ body }) => JSON.stringify(body).includes(actual)) ?? events[0]
  if (owner === undefined) return
  tables.run(
    'INSERT INTO blob_refs (sha256, position) VALUES (?, ?) ON CONFLICT DO NOTHING',
    actual,
    owner.position,
  )
}
