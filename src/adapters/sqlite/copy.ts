/** A consistent copy of the open file, made beside the work: a few pages at a time, with what is written meanwhile. */
import { backup, DatabaseSync } from 'node:sqlite'
import type { LogHead } from '../../ports/event-log.ts'
import { SqliteTables } from './database.ts'
import { readHead } from './verification.ts'

/** 1 MiB at a time: appends wait for no longer than that takes. */
const PAGES_AT_ONCE = 256

/** Resolves with the head of the copy, which is one file, not synced yet. */
export async function copyDatabase(database: DatabaseSync, file: string): Promise<LogHead> {
  await backup(database, file, { rate: PAGES_AT_ONCE })
  const copy = new DatabaseSync(file)
  try {
    copy.exec('PRAGMA journal_mode = DELETE')
    return readHead(new SqliteTables(copy))
  } finally {
    copy.close()
  }
}
