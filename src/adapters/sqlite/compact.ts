/** Giving the room of what was erased back to the file system, a little at a time. */
import type { DatabaseSync } from 'node:sqlite'
import type { CompactReport } from '../../ports/event-log.ts'
import type { SqliteTables } from './database.ts'

const INCREMENTAL = 2
/** 4 MiB: what is moved is written to the write-ahead log first, which is folded in after each. */
const PAGES_AT_ONCE = 1_000

/** A file from before it could shrink is written anew once, which needs as much room again; so is any, if asked. */
export function giveBackRoom(database: DatabaseSync, tables: SqliteTables, anew: boolean): CompactReport {
  const bytesBefore = sizeOf(tables)
  if (anew || tables.get<{ auto_vacuum: number }>('PRAGMA auto_vacuum')?.auto_vacuum !== INCREMENTAL) {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')
  }
  while (freePages(tables) > 0) {
    database.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE}); PRAGMA wal_checkpoint(TRUNCATE)`)
  }
  return { bytesBefore, bytesAfter: sizeOf(tables) }
}

function freePages(tables: SqliteTables): number {
  return tables.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0
}

function sizeOf(tables: SqliteTables): number {
  const pages = tables.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0
  return pages * (tables.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 0)
}
