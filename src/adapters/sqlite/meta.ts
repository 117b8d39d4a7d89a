/**
 * What a log knows of itself: its id, and the epoch of its present holder. Each opening raises the epoch; a
 * holder of an older one is refused before it writes anything, whatever lock it still believes to hold.
 */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { HoldfastError } from '../../kernel/errors.ts'
import type { SqliteTables } from './database.ts'
import { inTransaction } from './projections.ts'

export interface Holding {
  /** Of the log, made when it is opened first. */
  readonly id: string
  readonly epoch: number
}

/** From here on, whoever opened this log before is refused. */
export function takeOver(database: DatabaseSync, tables: SqliteTables): Holding {
  inTransaction(database, () => {
    tables.run("INSERT INTO meta (key, value) VALUES ('id', ?) ON CONFLICT DO NOTHING", randomUUID())
    tables.run(
      `INSERT INTO meta (key, value) VALUES ('epoch', '1')
       ON CONFLICT DO UPDATE SET value = CAST(value + 1 AS TEXT)`,
    )
  })
  return { id: metaValue(tables, 'id') ?? '', epoch: Number(metaValue(tables, 'epoch')) }
}

/** To be called within the transaction that is to write. @throws LOG_EPOCH_STALE */
export function checkEpoch(tables: SqliteTables, held: number, file: string): void {
  const present = Number(metaValue(tables, 'epoch'))
  if (present === held) return
  throw new HoldfastError(
    'LOG_EPOCH_STALE',
    `${file} was opened again: its epoch is ${present}, and this writer holds ${held}`,
    { details: { file, held, present } },
  )
}

function metaValue(tables: SqliteTables, key: string): string | undefined {
  return tables.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)?.value
}
