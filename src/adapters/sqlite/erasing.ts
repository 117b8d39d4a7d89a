/**
 * Erasing bodies within the caller's transaction: each projection lets go of what it held, body and nonce are
 * overwritten by the hash of the body, and blobs that no kept event came with are deleted.
 *
 * Why: docs/decisions/0026-retention.md
 */
import type { StoredEvent } from '../../kernel/event.ts'
import type { Projection } from '../../ports/projection.ts'
import type { SqliteTables } from './database.ts'
import type { EventRow, EventRows } from './event-rows.ts'
import type { ProjectionSet } from './projections.ts'
import type { Renamed } from './renaming.ts'
import { ERASURES_STREAM, type Residue } from './residues.ts'
import { Streams } from './streams.ts'
import { bodyHashOf } from './verification.ts'

export interface Erased {
  /** Those that had a body. */
  readonly positions: readonly number[]
  readonly blobs: readonly string[]
  readonly kept: Readonly<Record<string, Residue>>
  /** Projections that are to be folded anew. */
  readonly stale: ReadonlySet<Projection>
}

export function eraseBodies(
  tables: SqliteTables,
  rows: EventRows,
  projections: Pick<ProjectionSet, 'forget'>,
  { positions, blobs }: { readonly positions: readonly number[]; readonly blobs: readonly string[] },
): Erased {
  const erased: number[] = []
  const gone = new Set<string>()
  const kept: Record<string, Residue> = {}
  const stale = new Set<Projection>()
  for (const position of positions.toSorted((a, b) => a - b)) {
    const event = eraseBody(tables, rows, position)
    if (event === null) continue
    erased.push(position)
    const residue = projections.forget(event, stale)
    if (residue !== null) kept[position] = residue
    for (const sha256 of unreferencedAfter(tables, position)) gone.add(sha256)
  }
  for (const sha256 of blobs) gone.add(sha256)
  for (const sha256 of gone) {
    tables.run('DELETE FROM blobs WHERE sha256 = ?', sha256)
    tables.run('DELETE FROM blob_refs WHERE sha256 = ?', sha256)
  }
  return { positions: erased, blobs: [...gone], kept, stale }
}

/** The event as it was; null when there was nothing to erase. What says what was erased stays. */
function eraseBody(tables: SqliteTables, rows: EventRows, position: number): StoredEvent | null {
  const row = rows.at(position)
  if (row === undefined || row.body === null || row.name === ERASURES_STREAM) return null
  return takeBody(tables, rows, row)
}

function takeBody(tables: SqliteTables, rows: EventRows, row: EventRow): StoredEvent {
  tables.run(
    'UPDATE events SET body = NULL, body_hash = unhex(?) WHERE position = ?',
    bodyHashOf(row),
    row.position,
  )
  return rows.toEvent(row)
}

/** Blobs that came with this event and with no other that is kept. */
function unreferencedAfter(tables: SqliteTables, position: number): string[] {
  const came = tables.all<{ sha256: string }>('SELECT sha256 FROM blob_refs WHERE position = ?', position)
  if (came.length === 0) return []
  tables.run('DELETE FROM blob_refs WHERE position = ?', position)
  return came
    .map(({ sha256 }) => sha256)
    .filter((sha256) => tables.get('SELECT 1 FROM blob_refs WHERE sha256 = ? LIMIT 1', sha256) === undefined)
}

/** What earlier records of erasures say, for a new one that takes their place. */
export interface Superseded {
  readonly positions: readonly number[]
  readonly blobs: readonly string[]
  readonly runs: readonly string[]
  readonly kept: Readonly<Record<string, Residue>>
  readonly renamed: Renamed
}

/** Takes the earlier records of erasures that `replace` would change, and gives what they say. */
export function supersede(
  tables: SqliteTables,
  rows: EventRows,
  replace: (text: string) => string,
): Superseded {
  const records = rows.ofStream(new Streams(tables).find(ERASURES_STREAM), 1)
  const bodies = records.flatMap((row) => {
    const { body } = rows.toEvent(row)
    if (body === null || replace(JSON.stringify(body)) === JSON.stringify(body)) return []
    takeBody(tables, rows, row)
    return [{ ...(body as unknown as Superseded), own: row.position }]
  })
  return {
    positions: bodies.flatMap(({ own, positions }) => [own, ...positions]),
    blobs: bodies.flatMap(({ blobs }) => blobs),
    runs: bodies.flatMap(({ runs }) => runs ?? []),
    kept: Object.assign({}, ...bodies.map(({ kept }) => kept ?? {})) as Superseded['kept'],
    renamed: Object.assign({}, ...bodies.map(({ renamed }) => renamed ?? {})) as Renamed,
  }
}
