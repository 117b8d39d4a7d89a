/** A consistent copy of the open file, made beside the work: a few pages at a time, with what is written meanwhile. */
import { backup, DatabaseSync } from 'node:sqlite'
import type { LogHead } from '../../ports/event-log.ts'
import { SqliteTables } from './database.ts'
import { readHead } from './verification.ts'

/** 1 MiB at a time: appends wait for no longer than that takes. */
const PAGES_AT_ONCE = 256

/** How often it is begun. That all of them meet a transaction has not been seen. */
const MOST_BEGINNINGS = 100

/** Resolves with the head of the copy, which is one file, not synced yet. */
export async function copyDatabase(database: DatabaseSync, file: string): Promise<LogHead> {
  await copyPages(database, file, MOST_BEGINNINGS)
  const copy = new DatabaseSync(file)
  try {
    copy.exec('PRAGMA journal_mode = DELETE')
    return readHead(new SqliteTables(copy))
  } finally {
    copy.close()
  }
}

/**
 * The first pages are read by another thread. If they are asked for while this one is in the middle of a
 * transaction, nothing is copied, and the backup ends with an error that says that there is none.
 */
async function copyPages(database: DatabaseSync, file: string, beginnings: number): Promise<void> {
  try {
    await backup(database, file, { rate: PAGES_AT_ONCE })
  } catch (error) {
    const isInTheWay = error instanceof Error && 'errcode' in error && error.errcode === 0
    if (!isInTheWay || beginnings === 1) throw error
    await copyPages(database, file, beginnings - 1)
  }
}
