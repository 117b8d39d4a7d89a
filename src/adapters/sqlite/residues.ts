/**
 * What the events that record erasures say: what stays of erased bodies, by position and projection, and what commits
 * hash to of which names were erased.
 */
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

/** By the position at which a commit ends; the last that was said counts. */
export function readRenamed(tables: SqliteTables, rows: EventRows): ReadonlyMap<number, string> {
  const renamed = new Map<number, string>()
  for (const row of rows.ofStream(new Streams(tables).find(ERASURES_STREAM), 1)) {
    const hashes = (rows.toEvent(row).body?.renamed ?? {}) as Readonly<Record<string, string>>
    for (const [position, hash] of Object.entries(hashes)) renamed.set(Number(position), hash)
  }
  return renamed
}
