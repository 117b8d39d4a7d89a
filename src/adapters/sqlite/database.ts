/**
 * Opening the workspace's one SQLite file: durability settings, the single-writer lock, migrations.
 *
 * Why: docs/decisions/0001-one-log-in-one-sqlite-file.md
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { HoldfastError } from '../../kernel/errors.ts'
import type { Row, SqlValue, Tables } from '../../ports/projection.ts'
import { makeFolders } from '../system/folders.ts'
import { checkWal } from './wal.ts'

const MIGRATIONS = new URL('./migrations/', import.meta.url)
const SQLITE_BUSY = 5
const PAGE_CACHE_KIB = 16_384

/**
 * Opens (or creates) the file for this process alone. The lock is SQLite's own on the file, so the
 * kernel lets go of it when the process dies, however it dies.
 * @throws WORKSPACE_LOCKED, WORKSPACE_NEWER, LOG_CORRUPT, LOG_WRITE_FAILED
 */
export function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    makeFolders(dirname(file))
    checkWal(file)
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA foreign_keys = OFF;
      PRAGMA cell_size_check = ON;
      PRAGMA cache_size = -${PAGE_CACHE_KIB};
      BEGIN IMMEDIATE; COMMIT;
      PRAGMA wal_checkpoint(TRUNCATE);`)
    migrate(database, file)
    return database
  } catch (error) {
    database?.close()
    throw explain(error, file)
  }
}

/** Brings the tables of the log to what this version knows. @throws WORKSPACE_NEWER */
export function migrate(database: DatabaseSync, file: string): void {
  const scripts = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'))
  scripts.sort()
  const { user_version: done } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (done > scripts.length) {
    throw new HoldfastError(
      'WORKSPACE_NEWER',
      `${file} has schema ${done}; this version knows ${scripts.length}`,
      {
        details: { file, schema: done, known: scripts.length },
      },
    )
  }
  for (const [index, name] of scripts.entries()) {
    if (index < done) continue
    const sql = readFileSync(new URL(name, MIGRATIONS), 'utf8')
    database.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT;`)
  }
}

/** A failure of SQLite as one of ours; our own errors pass through. */
export function explain(error: unknown, file: string): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error)) return error
  const { message } = error
  if ('syscall' in error) {
    return new HoldfastError('LOG_WRITE_FAILED', `${file}: ${message}`, { details: { file }, cause: error })
  }
  const code = sqliteCode(error)
  if (code === undefined) return error
  if ((code & 0xff) === SQLITE_BUSY) {
    return new HoldfastError('WORKSPACE_LOCKED', `${dirname(file)} is open in another process`, {
      details: { dir: dirname(file) },
      cause: error,
    })
  }
  const corrupt = [11, 26].includes(code & 0xff)
  return new HoldfastError(corrupt ? 'LOG_CORRUPT' : 'LOG_WRITE_FAILED', `${file}: ${message}`, {
    details: { file, sqliteCode: code },
    cause: error,
  })
}

function sqliteCode(error: Error): number | undefined {
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
}

/** Tables over a database, each SQL text prepared once. */
export class SqliteTables implements Tables {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  get<T = Row>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.prepare(sql).get(...(values as SQLInputValue[])) as T | undefined
  }

  all<T = Row>(sql: string, ...values: SqlValue[]): T[] {
    return this.prepare(sql).all(...(values as SQLInputValue[])) as T[]
  }

  /** A statement of its own: an iteration must not be reset by another use of the same text. */
  iterate<T = Row>(sql: string, ...values: SqlValue[]): Iterable<T> {
    return this.#database.prepare(sql).iterate(...(values as SQLInputValue[])) as Iterable<T>
  }

  /** By `get`, which also runs a statement without rows to its end, and makes no object of what it changed. */
  run(sql: string, ...values: SqlValue[]): void {
    this.prepare(sql).get(...(values as SQLInputValue[]))
  }

  /** Forgets the prepared statements, which hold on to dropped tables. */
  forget(): void {
    this.#statements.clear()
  }
}
