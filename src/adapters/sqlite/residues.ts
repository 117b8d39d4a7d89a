/** What stays of erased bodies, by position and projection: read from the events that record the erasures. */
import type { JsonObject } from '../../kernel/json.ts'
import type { SqliteTables } from './database.ts'
import type { EventRows } from './event-rows.ts'
import { Streams } from './streams.ts'

/** The stream of the events that record erasures, and their kind. */
export const ERASURES_STREAM = 'log/erasures'
export const BODIES_ERASED = 'bodies.erased'

/** By the name of the projection that keeps it. */
export type Residue = Readonly<Record<string, JsonObject>>

export type Residues = ReadonlyMap<number, Residue>

export function readResidues(tables: SqliteTables, rows: EventRows): Residues {
  const residues = new Map<number, Residue>()
  for (const row of rows.ofStream(new Streams(tables).find(ERASURES_STREAM), 1)) {
    const kept = (rows.toEvent(row).body?.kept ?? {}) as Readonly<Record<string, Residue>>
    for (const [position, residue] of Object.entries(kept)) residues.set(Number(position), residue)
  }
  return residues
}
