/** Where a log lives: in a folder that it locks and lets go of, or in an open database that outlives it. */
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { migrate, openDatabase } from './database.ts'

export const LOG_FILE = 'holdfast.db'

export type Place =
  | {
      /** Folder of the workspace; created when missing. */
      readonly dir: string
      readonly database?: undefined
    }
  | {
      /** Stays open when the log is closed: a test can then open the log again as after a crash. */
      readonly database: DatabaseSync
      readonly dir?: undefined
    }

export interface OpenPlace {
  readonly database: DatabaseSync
  /** For messages. */
  readonly file: string
  release(): void
}

/** @throws WORKSPACE_LOCKED, WORKSPACE_NEWER, LOG_CORRUPT, LOG_WRITE_FAILED */
export function openPlace(place: Place): OpenPlace {
  if (place.database !== undefined) {
    const { database } = place
    const file = database.location() ?? 'the database in memory'
    migrate(database, file)
    return { database, file, release: () => {} }
  }
  const file = join(place.dir, LOG_FILE)
  const database = openDatabase(file)
  return { database, file, release: () => database.close() }
}
