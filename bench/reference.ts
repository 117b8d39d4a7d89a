/**
 * What the disk allows: a bare loop that commits rows of about 300 bytes of JSON to SQLite in WAL mode with
 * `synchronous=FULL`, grouped as the measured work is grouped.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Rows a second with `rowsPerCommit` rows in each transaction. */
export function referenceRowsPerSecond(rows: number, rowsPerCommit: number): number {
  return withTable((database, insert) => {
    const began = performance.now()
    for (let done = 0; done < rows; done += rowsPerCommit) {
      database.exec('BEGIN IMMEDIATE')
      for (let i = 0; i < rowsPerCommit; i += 1) insert()
      database.exec('COMMIT')
    }
    return (rows / (performance.now() - began)) * 1000
  })
}

/** Milliseconds of one durable commit of one row, median. */
export function commitMs(commits = 500): number {
  return withTable((_database, insert) => {
    const times: number[] = []
    for (let i = 0; i < commits; i += 1) {
      const began = performance.now()
      insert()
      times.push(performance.now() - began)
    }
    return median(times)
  })
}

/** A fresh table on the same disk, and what puts one row into it. */
function withTable(measure: (database: DatabaseSync, insert: () => void) => number): number {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const database = new DatabaseSync(join(dir, 'reference.db'))
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)',
    )
    const statement = database.prepare('INSERT INTO rows (body) VALUES (?)')
    const body = JSON.stringify({ kind: 'step.completed', name: 'a step', text: 'x'.repeat(240) })
    return measure(database, () => {
      statement.run(body)
    })
  } finally {
    database.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
