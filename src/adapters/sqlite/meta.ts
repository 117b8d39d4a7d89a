/**
 * What a log knows of itself: its id, and the epoch of its present holder. Each opening raises the epoch; a
 * holder of an older one is refused before it writes anything, whatever lock it still believes to hold.
 */
import { randomUUID } from 'node:crypto'
import { HoldfastError } from '../../kernel/errors.ts'
import type { SqliteTables } from './database.ts'

/** Made when it is asked for first. */
export function readId(tables: SqliteTables): string {
  tables.run("INSERT INTO meta (key, value) VALUES ('id', ?) ON CONFLICT DO NOTHING", randomUUID())
  return tables.get<{ value: string }>("SELECT value FROM meta WHERE key = 'id'")?.value ?? ''
}

/** From here on, whoever opened this log before is refused. Returns the epoch of the new holder. */
export function raiseEpoch(tables: SqliteTables): number {
  tables.run(
    `INSERT INTO meta (key, value) VALUES ('epoch', '1')
     ON CONFLICT DO UPDATE SET value = CAST(value + 1 AS TEXT)`,
  )
  return presentEpoch(tables)
}

/** To be called within the transaction that is to write. @throws LOG_EPOCH_STALE */
export function checkEpoch(tables: SqliteTables, held: number, file: string): void {
  const present = presentEpoch(tables)
  if (present === held) return
  throw new HoldfastError(
    'LOG_EPOCH_STALE',
    `${file} was opened again: its epoch is ${present}, and this writer holds ${held}`,
    { details: { file, held, present } },
  )
}

function presentEpoch(tables: SqliteTables): number {
  return Number(tables.get<{ value: string }>("SELECT value FROM meta WHERE key = 'epoch'")?.value)
}
